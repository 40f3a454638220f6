package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.IdRange;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.UserNamespace;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which ids of the host the users of a container are. */
final class UserNamespaceOptions {
  private static final String AUTO = "auto";
  private static final String SIZE = ":size=";
  private static final String KEEP = "keep-id";
  private static final Pattern KEPT = Pattern.compile("keep-id:uid=(\\d{1,9}),gid=(\\d{1,9})");

  @Option(
      names = "--userns",
      paramLabel = "MODE",
      description =
          "host, auto[:size=COUNT] for ids that no other container has, or"
              + " keep-id[:uid=UID,gid=GID] for an ordinary user's own. Default: host.")
  private @Nullable String mode;

  @Option(
      names = "--uidmap",
      paramLabel = "CONTAINER:HOST[:COUNT]",
      description = "User ids of the container and what they are on the host; several together.")
  private List<String> uids = List.of();

  @Option(
      names = "--gidmap",
      paramLabel = "CONTAINER:HOST[:COUNT]",
      description = "The same of groups. Default: as --uidmap, and the other way round.")
  private List<String> gids = List.of();

  void apply(ContainerSpec.Builder spec) {
    if (!uids.isEmpty() || !gids.isEmpty()) {
      if (mode != null) {
        throw invalid("--userns=" + mode + " and a mapping exclude each other");
      }
      spec.userNamespace(
          UserNamespace.mapped(
              ranges(uids.isEmpty() ? gids : uids), ranges(gids.isEmpty() ? uids : gids)));
    } else if (mode != null) {
      spec.userNamespace(parse(mode));
    }
  }

  static UserNamespace parse(String mode) {
    if (mode.equals("host")) {
      return UserNamespace.host();
    }
    if (mode.equals(AUTO)) {
      return UserNamespace.auto();
    }
    if (mode.startsWith(AUTO + SIZE)) {
      return UserNamespace.auto(number(mode, mode.substring((AUTO + SIZE).length())));
    }
    if (mode.equals(KEEP)) {
      return UserNamespace.keepId();
    }
    Matcher kept = KEPT.matcher(mode);
    if (kept.matches()) {
      return UserNamespace.keepId(Integer.parseInt(kept.group(1)), Integer.parseInt(kept.group(2)));
    }
    throw invalid(
        "there is no user namespace '"
            + mode
            + "', but host, auto[:size=COUNT] and keep-id[:uid=UID,gid=GID]");
  }

  static List<IdRange> ranges(List<String> texts) {
    return texts.stream().map(UserNamespaceOptions::range).toList();
  }

  private static IdRange range(String text) {
    String[] parts = text.split(":", -1);
    if (parts.length != 2 && parts.length != 3) {
      throw invalid("'" + text + "' is not CONTAINER:HOST[:COUNT]");
    }
    long count = parts.length == 2 ? 1 : number(text, parts[2]);
    return new IdRange(number(text, parts[0]), number(text, parts[1]), count);
  }

  private static long number(String text, String digits) {
    try {
      return Long.parseLong(digits);
    } catch (NumberFormatException e) {
      throw invalid("'" + digits + "' in '" + text + "' is no number");
    }
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }
}

package io.runcible.junit;

import io.runcible.engine.Capabilities;
import io.runcible.engine.Capabilities.Feature;
import io.runcible.engine.ContainerEngine;
import java.util.stream.Collectors;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** What {@link EnabledIfContainersAvailable} does. */
public final class ContainersAvailableCondition implements ExecutionCondition {
  private static final String REQUIRED = "runcible.required";

  /** For JUnit. */
  public ContainersAvailableCondition() {}

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    if (Boolean.getBoolean(REQUIRED)) {
      return ConditionEvaluationResult.enabled("-D" + REQUIRED + "=true");
    }
    Capabilities host = ContainerEngine.capabilities();
    if (host.canRun()) {
      return ConditionEvaluationResult.enabled("this host runs containers");
    }
    return ConditionEvaluationResult.disabled(
        "this host cannot run containers: "
            + host.features().stream()
                .filter(feature -> !feature.available())
                .map(Feature::detail)
                .collect(Collectors.joining("; ")));
  }
}

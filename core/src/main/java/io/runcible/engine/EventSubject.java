package io.runcible.engine;

import java.util.Map;

/**
 * What filters ask of that which an event happened to, and the event does not say.
 *
 * @param image the name of the image, or of that of the container; empty for neither
 * @param labels those of the container
 */
record EventSubject(String image, Map<String, String> labels) {
  private static final EventSubject NONE = new EventSubject("", Map.of());

  static EventSubject of(ContainerRecord container) {
    return new EventSubject(container.image(), container.options().labels());
  }

  /** What the event itself knows. */
  static EventSubject of(EngineEvent event) {
    if (event instanceof EngineEvent.ImagePulled pulled) {
      return image(pulled.image());
    } else if (event instanceof EngineEvent.ImageLoaded loaded) {
      return image(loaded.image());
    } else if (event instanceof EngineEvent.ImageSaved saved) {
      return image(saved.image());
    } else if (event instanceof EngineEvent.ImageTagged tagged) {
      return image(tagged.image());
    } else if (event instanceof EngineEvent.ImageUntagged untagged) {
      return image(untagged.image());
    }
    return NONE;
  }

  private static EventSubject image(String name) {
    return new EventSubject(name, Map.of());
  }
}

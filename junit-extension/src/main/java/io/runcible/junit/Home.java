package io.runcible.junit;

import io.runcible.network.Network;
import java.lang.reflect.Field;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Store;

/** Who owns a container, and so how long it lives, and whose networks it sees. */
interface Home {
  /** Starts it, or joins those who share it. */
  StartedContainer start(Supplier<StartedContainer> start);

  /** A network of the tests. */
  Network network(String name);

  /** The context owns it alone. */
  static Home of(ExtensionContext context) {
    return new Home() {
      @Override
      public StartedContainer start(Supplier<StartedContainer> start) {
        StartedContainer started = start.get();
        whenClosed(context, started);
        return started;
      }

      @Override
      public Network network(String name) {
        return TestRun.of(context).networks().network(context, name);
      }
    };
  }

  /** All who have the same key share it, as long as the test class runs. */
  static Home ofClass(ExtensionContext context, Object key) {
    ExtensionContext ofClass = context;
    while (ofClass.getTestMethod().isPresent()) {
      ofClass = ofClass.getParent().orElseThrow();
    }
    ExtensionContext owner = ofClass;
    return shared(
        owner.getStore(TestRun.NAMESPACE),
        key,
        new SharedContainer(),
        name -> TestRun.of(owner).networks().network(owner, name));
  }

  /** All who have the same key share it, as long as the test run lasts. */
  static Home ofRun(ExtensionContext context, Object key) {
    return ofRun(context, key, new SharedContainer(), name -> name);
  }

  /** The same with what they are to share, which is its own key. */
  static Home ofRun(ExtensionContext context, SharedContainer shared) {
    return ofRun(context, shared, name -> name);
  }

  /** The same on networks of its own, which the run knows by other names. */
  static Home ofRun(
      ExtensionContext context, SharedContainer shared, UnaryOperator<String> networks) {
    return ofRun(context, shared, shared, networks);
  }

  private static Home ofRun(
      ExtensionContext context,
      Object key,
      SharedContainer shared,
      UnaryOperator<String> networks) {
    TestRun run = TestRun.of(context);
    Store session = TestRun.store(context);
    return shared(
        session, key, shared, name -> run.networks().network(session, networks.apply(name)));
  }

  /** The networks of an owner. */
  @FunctionalInterface
  interface Names {
    Network network(String name);
  }

  private static Home shared(Store store, Object key, SharedContainer first, Names networks) {
    return new Home() {
      @Override
      public StartedContainer start(Supplier<StartedContainer> start) {
        SharedContainer one =
            store.getOrComputeIfAbsent(key, unused -> first, SharedContainer.class);
        try {
          return one.acquire(start);
        } finally {
          // The store closes what came last first: the container before the networks that it made.
          store.put(new Object(), one);
        }
      }

      @Override
      public Network network(String name) {
        return networks.network(name);
      }
    };
  }

  /** All classes that have the static field share it, as long as one of them runs. */
  static Home ofField(ExtensionContext context, Field field) {
    return counted(
        context,
        context
            .getRoot()
            .getStore(TestRun.NAMESPACE)
            .getOrComputeIfAbsent(field, key -> new SharedContainer(), SharedContainer.class));
  }

  /** One of those who share it. */
  static Home counted(ExtensionContext context, SharedContainer shared) {
    return new Home() {
      @Override
      public StartedContainer start(Supplier<StartedContainer> start) {
        try {
          return shared.acquire(start);
        } finally {
          // Later than the networks that the start made, and so released before they go.
          whenClosed(context, shared::release);
        }
      }

      @Override
      public Network network(String name) {
        return TestRun.of(context).networks().network(context, name);
      }
    };
  }

  private static void whenClosed(ExtensionContext context, AutoCloseable action) {
    context.getStore(TestRun.NAMESPACE).put(new Object(), action);
  }
}

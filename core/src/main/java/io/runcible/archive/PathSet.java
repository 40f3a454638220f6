package io.runcible.archive;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Clean paths as a tree of their components. A layer can have paths of thousands of levels: what
 * concerns all that lies above or below one takes no longer than the path, and stops where the set
 * has nothing more.
 */
final class PathSet {
  private final Node root = new Node();

  private static final class Node {
    final Map<String, Node> children = new HashMap<>(2);
    boolean member;
  }

  /** Returns false if it was in already. */
  boolean add(String path) {
    Node node = root;
    for (int start = 0; start < path.length(); start = end(path, start) + 1) {
      String name = path.substring(start, end(path, start));
      node = node.children.computeIfAbsent(name, key -> new Node());
    }
    boolean added = !node.member;
    node.member = true;
    return added;
  }

  boolean contains(String path) {
    Node node = find(path);
    return node != null && node.member;
  }

  /** Whether a path is in that leads to this one, and is another. */
  boolean containsAbove(String path) {
    Node node = root;
    for (int start = 0; node != null && start < path.length(); start = end(path, start) + 1) {
      if (node.member) {
        return true;
      }
      node = child(node, path, start);
    }
    return false;
  }

  /** How much of a path leads to none that is in; all of it if it is not in itself, either. */
  int lengthBefore(String path) {
    Node node = root;
    for (int start = 0; start < path.length(); start = end(path, start) + 1) {
      node = child(node, path, start);
      if (node == null) {
        return path.length();
      }
      if (node.member) {
        return Math.max(0, start - 1);
      }
    }
    return path.length();
  }

  void remove(String path) {
    Node node = find(path);
    if (node != null) {
      node.member = false;
    }
  }

  /** Removes a path and all that lead to it, the root among them. */
  void removeWithAbove(String path) {
    Node node = root;
    node.member = false;
    for (int start = 0; start < path.length(); start = end(path, start) + 1) {
      node = child(node, path, start);
      if (node == null) {
        return;
      }
      node.member = false;
    }
  }

  /** Removes a path that is not the root, and all below. */
  void removeWithBelow(String path) {
    Node parent = find(RawName.parent(path));
    if (parent != null) {
      parent.children.remove(RawName.leaf(path));
    }
  }

  private @Nullable Node find(String path) {
    Node node = root;
    for (int start = 0; node != null && start < path.length(); start = end(path, start) + 1) {
      node = child(node, path, start);
    }
    return node;
  }

  private static @Nullable Node child(Node node, String path, int start) {
    // Most have none, and need no name.
    return node.children.isEmpty()
        ? null
        : node.children.get(path.substring(start, end(path, start)));
  }

  private static int end(String path, int start) {
    int slash = path.indexOf('/', start);
    return slash < 0 ? path.length() : slash;
  }
}

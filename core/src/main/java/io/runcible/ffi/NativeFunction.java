package io.runcible.ffi;

import com.kenai.jffi.ArrayFlags;
import com.kenai.jffi.CallContext;
import com.kenai.jffi.CallingConvention;
import com.kenai.jffi.HeapInvocationBuffer;
import com.kenai.jffi.Invoker;
import com.kenai.jffi.Library;
import com.kenai.jffi.Type;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A function of a native library, called with jffi, the lower half of jnr-ffi. That the upper half
 * generates the implementation of an interface takes a fresh JVM a fifth of its first start of a
 * container.
 */
final class NativeFunction {
  static final Type INT = Type.SINT32;
  static final Type LONG = Type.SINT64;
  static final Type SHORT = Type.SINT16;
  static final Type POINTER = Type.POINTER;
  static final Type VOID = Type.VOID;

  private static final Invoker INVOKER = Invoker.getInstance();

  private final Library library;
  private final String name;
  private final Type result;
  private final Type[] parameters;
  private volatile @Nullable Target target;

  /** The function is looked for when it is first called: an old library may lack a few. */
  NativeFunction(Library library, String name, Type result, Type... parameters) {
    this.library = library;
    this.name = name;
    this.result = result;
    this.parameters = parameters;
  }

  /**
   * Loads a library.
   *
   * @throws UnsatisfiedLinkError if it cannot be loaded, with the loader's reason
   */
  static Library library(String name) {
    Library library = Library.getCachedInstance(name, Library.LAZY);
    if (library == null) {
      throw new UnsatisfiedLinkError(Library.getLastError());
    }
    return library;
  }

  /** NULL for none. The caller keeps the memory reachable. */
  static long address(@Nullable Pointer pointer) {
    return pointer == null ? 0 : pointer.address();
  }

  /** What a function has returned and the library frees; null for NULL. */
  static @Nullable Pointer pointer(long address) {
    return address == 0 ? null : Pointer.of(address);
  }

  /**
   * Calls it with up to six numbers and addresses.
   *
   * @throws UnsatisfiedLinkError if the library does not have it
   */
  long call(long... arguments) {
    Target to = target();
    long[] a = arguments;
    return switch (a.length) {
      case 0 -> INVOKER.invokeN0(to.context, to.address);
      case 1 -> INVOKER.invokeN1(to.context, to.address, a[0]);
      case 2 -> INVOKER.invokeN2(to.context, to.address, a[0], a[1]);
      case 3 -> INVOKER.invokeN3(to.context, to.address, a[0], a[1], a[2]);
      case 4 -> INVOKER.invokeN4(to.context, to.address, a[0], a[1], a[2], a[3]);
      case 5 -> INVOKER.invokeN5(to.context, to.address, a[0], a[1], a[2], a[3], a[4]);
      case 6 -> INVOKER.invokeN6(to.context, to.address, a[0], a[1], a[2], a[3], a[4], a[5]);
      default -> throw new IllegalArgumentException(name);
    };
  }

  /** The same as an {@code int}. */
  int callInt(long... arguments) {
    return (int) call(arguments);
  }

  /**
   * A call with arrays, or with more than six arguments, which are added in their order.
   *
   * @throws UnsatisfiedLinkError if the library does not have it
   */
  Call with() {
    return new Call(target());
  }

  private Target target() {
    Target found = target;
    if (found == null) {
      long address = library.getSymbolAddress(name);
      if (address == 0) {
        throw new UnsatisfiedLinkError(name);
      }
      found =
          new Target(
              address,
              CallContext.getCallContext(result, parameters, CallingConvention.DEFAULT, true));
      target = found;
    }
    return found;
  }

  private static final class Target {
    final long address;
    final CallContext context;

    Target(long address, CallContext context) {
      this.address = address;
      this.context = context;
    }
  }

  /** The arguments of one call. Each has to be of the parameter's type. */
  static final class Call {
    private final Target target;
    private final HeapInvocationBuffer buffer;

    private Call(Target target) {
      this.target = target;
      this.buffer = new HeapInvocationBuffer(target.context);
    }

    Call add(int number) {
      buffer.putInt(number);
      return this;
    }

    Call add(long number) {
      buffer.putLong(number);
      return this;
    }

    /** Memory, or NULL. */
    Call add(@Nullable Pointer memory) {
      buffer.putAddress(address(memory));
      return this;
    }

    /** What is between position and limit of a direct buffer, which do not change. */
    Call buffer(ByteBuffer bytes) {
      if (!bytes.isDirect()) {
        throw new IllegalArgumentException("not a direct buffer");
      }
      buffer.putDirectBuffer(bytes, bytes.position(), bytes.remaining());
      return this;
    }

    /** A copy of the bytes, or NULL. */
    Call in(byte @Nullable [] bytes) {
      return array(bytes, ArrayFlags.IN);
    }

    /** Memory whose bytes are copied to the array after the call. */
    Call out(byte[] bytes) {
      return array(bytes, ArrayFlags.OUT);
    }

    private Call array(byte @Nullable [] bytes, int flags) {
      if (bytes == null) {
        buffer.putAddress(0);
      } else {
        buffer.putArray(bytes, 0, bytes.length, flags);
      }
      return this;
    }

    int callInt() {
      return INVOKER.invokeInt(target.context, target.address, buffer);
    }

    long call() {
      return INVOKER.invokeLong(target.context, target.address, buffer);
    }
  }
}

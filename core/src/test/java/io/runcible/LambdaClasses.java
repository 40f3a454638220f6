package io.runcible;

import static org.objectweb.asm.Opcodes.ACC_FINAL;
import static org.objectweb.asm.Opcodes.ACC_PRIVATE;
import static org.objectweb.asm.Opcodes.ACC_PUBLIC;
import static org.objectweb.asm.Opcodes.ACC_STATIC;
import static org.objectweb.asm.Opcodes.ACC_SUPER;
import static org.objectweb.asm.Opcodes.ACC_SYNTHETIC;
import static org.objectweb.asm.Opcodes.ASM9;
import static org.objectweb.asm.Opcodes.GETSTATIC;
import static org.objectweb.asm.Opcodes.H_INVOKESTATIC;
import static org.objectweb.asm.Opcodes.H_NEWINVOKESPECIAL;
import static org.objectweb.asm.Opcodes.INVOKEINTERFACE;
import static org.objectweb.asm.Opcodes.INVOKESTATIC;
import static org.objectweb.asm.Opcodes.INVOKEVIRTUAL;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Type;
import org.objectweb.asm.commons.GeneratorAdapter;
import org.objectweb.asm.commons.Method;

/**
 * Makes a class of each lambda and method reference in a directory of compiled classes, as the JVM
 * would when it first runs it, which takes a fresh JVM four times as long as to load a class. The
 * build runs this file alone, before the tests, which thereby run what is in the jar.
 *
 * <p>{@code Host$Lambda0} is a member of the nest of its host, so that it may call what is private,
 * and has the line of the lambda. One that captures nothing has one instance, as the JVM's.
 */
public final class LambdaClasses {
  private static final Pattern NAME = Pattern.compile(".+\\$Lambda[0-9]+\\.class");
  private static final Method NO_ARGUMENTS = new Method("<init>", "()V");

  /** Those of numbers that become others. */
  private static final Map<String, Type> WRAPPERS =
      Map.of(
          "java/lang/Byte", Type.BYTE_TYPE,
          "java/lang/Short", Type.SHORT_TYPE,
          "java/lang/Character", Type.CHAR_TYPE,
          "java/lang/Integer", Type.INT_TYPE,
          "java/lang/Long", Type.LONG_TYPE,
          "java/lang/Float", Type.FLOAT_TYPE);

  private final Path root;

  /** What is to be written. */
  private final Map<String, byte[]> lambdas = new TreeMap<>();

  private final Map<String, byte[]> hosts = new TreeMap<>();
  private final Map<String, Set<String>> nests = new TreeMap<>();

  private LambdaClasses(Path root) {
    this.root = root;
  }

  /** Changes the classes in a directory; those that have no lambda stay as they are. */
  public static void main(String[] arguments) throws IOException {
    LambdaClasses all = new LambdaClasses(Path.of(arguments[0]));
    for (Path file : all.classes()) {
      all.replace(file);
    }
    for (Map.Entry<String, Set<String>> nest : all.nests.entrySet()) {
      all.enlarge(nest.getKey(), nest.getValue());
    }
    all.write();
    for (Path file : all.classes()) {
      all.deleteIfStale(file);
    }
  }

  private List<Path> classes() throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files.filter(file -> file.toString().endsWith(".class")).sorted().toList();
    }
  }

  private Path file(String name) {
    return root.resolve(name + ".class");
  }

  private void replace(Path file) throws IOException {
    ClassReader reader = new ClassReader(Files.readAllBytes(file));
    ClassWriter writer = new ClassWriter(0);
    Host host = new Host(writer, reader.getClassName());
    reader.accept(host, 0);
    if (host.lambdas.isEmpty()) {
      return;
    }
    Set<String> members = nests.computeIfAbsent(host.nest, name -> new TreeSet<>());
    for (Lambda lambda : host.lambdas) {
      lambdas.put(lambda.name, lambda.toBytes(host));
      members.add(lambda.name);
    }
    hosts.put(host.name, writer.toByteArray());
  }

  private void enlarge(String nest, Set<String> members) throws IOException {
    byte[] before = hosts.containsKey(nest) ? hosts.get(nest) : Files.readAllBytes(file(nest));
    Set<String> more = new TreeSet<>(members);
    more.removeAll(new Nest(before).members);
    ClassWriter writer = new ClassWriter(0);
    ClassVisitor host =
        new ClassVisitor(ASM9, writer) {
          @Override
          public void visitEnd() {
            more.forEach(this::visitNestMember);
            super.visitEnd();
          }
        };
    new ClassReader(before).accept(host, 0);
    hosts.put(nest, writer.toByteArray());
  }

  /** Those that use the others last: what is cut short begins anew then. */
  private void write() throws IOException {
    for (Map.Entry<String, byte[]> lambda : lambdas.entrySet()) {
      Files.write(file(lambda.getKey()), lambda.getValue());
    }
    for (String nest : nests.keySet()) {
      Files.write(file(nest), hosts.get(nest));
    }
    for (Map.Entry<String, byte[]> host : hosts.entrySet()) {
      Files.write(file(host.getKey()), host.getValue());
    }
  }

  /** If the compiler has made its host anew, without it. */
  private void deleteIfStale(Path file) throws IOException {
    if (NAME.matcher(file.getFileName().toString()).matches()) {
      Nest lambda = new Nest(Files.readAllBytes(file));
      Path host = file(lambda.host);
      if (Files.notExists(host)
          || !new Nest(Files.readAllBytes(host)).members.contains(lambda.name)) {
        Files.delete(file);
      }
    }
  }

  /** What a class says of its nest. */
  private static final class Nest extends ClassVisitor {
    final Set<String> members = new HashSet<>();
    final String name;
    String host;

    Nest(byte[] bytes) {
      super(ASM9);
      ClassReader reader = new ClassReader(bytes);
      name = reader.getClassName();
      host = name;
      reader.accept(this, ClassReader.SKIP_CODE);
    }

    @Override
    public void visitNestHost(String host) {
      this.host = host;
    }

    @Override
    public void visitNestMember(String member) {
      members.add(member);
    }
  }

  /** A class as it is written: what has made lambdas gets instances of classes. */
  private static final class Host extends ClassVisitor {
    final List<Lambda> lambdas = new ArrayList<>();
    final String name;
    String nest;
    int version;
    String source;

    Host(ClassVisitor next, String name) {
      super(ASM9, next);
      this.name = name;
      this.nest = name;
    }

    @Override
    public void visit(
        int version,
        int access,
        String name,
        String signature,
        String parent,
        String[] interfaces) {
      this.version = version;
      super.visit(version, access, name, signature, parent, interfaces);
    }

    @Override
    public void visitSource(String source, String debug) {
      this.source = source;
      super.visitSource(source, debug);
    }

    @Override
    public void visitNestHost(String nest) {
      this.nest = nest;
      super.visitNestHost(nest);
    }

    /** Of a body that has the compiler's name, architecture tests look for who makes the lambda. */
    private static String ordinary(String method) {
      return method.startsWith("lambda$") ? "body" + method.substring("lambda".length()) : method;
    }

    private static Handle ordinary(Handle body) {
      return new Handle(
          body.getTag(),
          body.getOwner(),
          ordinary(body.getName()),
          body.getDesc(),
          body.isInterface());
    }

    @Override
    public MethodVisitor visitMethod(
        int access, String name, String descriptor, String signature, String[] exceptions) {
      MethodVisitor next =
          super.visitMethod(access, ordinary(name), descriptor, signature, exceptions);
      return new MethodVisitor(ASM9, next) {
        private int line;

        @Override
        public void visitLineNumber(int line, Label start) {
          this.line = line;
          super.visitLineNumber(line, start);
        }

        @Override
        public void visitInvokeDynamicInsn(
            String name, String descriptor, Handle bootstrap, Object... arguments) {
          for (int i = 0; i < arguments.length; i++) {
            arguments[i] = arguments[i] instanceof Handle body ? ordinary(body) : arguments[i];
          }
          if (!bootstrap.getOwner().equals("java/lang/invoke/LambdaMetafactory")) {
            super.visitInvokeDynamicInsn(name, descriptor, bootstrap, arguments);
            return;
          }
          if (!bootstrap.getName().equals("metafactory")) {
            throw new IllegalStateException(
                Host.this.name + " has a lambda of several types: make it a class");
          }
          Lambda lambda =
              new Lambda(
                  Host.this.name + "$Lambda" + lambdas.size(),
                  line,
                  new Method(name, ((Type) arguments[0]).getDescriptor()),
                  descriptor,
                  (Handle) arguments[1],
                  (Type) arguments[2]);
          lambdas.add(lambda);
          lambda.make(this);
        }
      };
    }
  }

  /**
   * @param method what the interface declares
   * @param made takes what is captured and returns the interface
   * @param body the method that does it
   * @param called what it is called with, which is narrower than what the interface declares
   */
  private record Lambda(
      String name, int line, Method method, String made, Handle body, Type called) {
    Type type() {
      return Type.getObjectType(name);
    }

    Type[] captured() {
      return Type.getArgumentTypes(made);
    }

    /** In the place of the lambda, with what is captured on the stack. */
    void make(MethodVisitor code) {
      if (captured().length == 0) {
        code.visitFieldInsn(GETSTATIC, name, "INSTANCE", type().getDescriptor());
      } else {
        code.visitMethodInsn(INVOKESTATIC, name, "of", made, false);
      }
    }

    byte[] toBytes(Host host) {
      ClassWriter writer = new ClassWriter(ClassWriter.COMPUTE_MAXS);
      String face = Type.getReturnType(made).getInternalName();
      writer.visit(
          host.version,
          ACC_FINAL | ACC_SUPER | ACC_SYNTHETIC,
          name,
          null,
          "java/lang/Object",
          new String[] {face});
      writer.visitSource(host.source, null);
      writer.visitNestHost(host.nest);
      constructor(writer);
      if (captured().length == 0) {
        instance(writer);
      } else {
        factory(writer);
      }
      call(writer);
      writer.visitEnd();
      return writer.toByteArray();
    }

    private GeneratorAdapter code(ClassWriter writer, int access, Method method) {
      MethodVisitor code =
          writer.visitMethod(access, method.getName(), method.getDescriptor(), null, null);
      GeneratorAdapter adapter = new GeneratorAdapter(access, method, code);
      code.visitLineNumber(line, adapter.mark());
      return adapter;
    }

    private static String field(int number) {
      return "captured" + number;
    }

    private Method constructor() {
      return new Method("<init>", Type.VOID_TYPE, captured());
    }

    private void constructor(ClassWriter writer) {
      GeneratorAdapter code = code(writer, ACC_PRIVATE, constructor());
      code.loadThis();
      code.invokeConstructor(Type.getType(Object.class), NO_ARGUMENTS);
      for (int i = 0; i < captured().length; i++) {
        writer
            .visitField(
                ACC_PRIVATE | ACC_FINAL, field(i), captured()[i].getDescriptor(), null, null)
            .visitEnd();
        code.loadThis();
        code.loadArg(i);
        code.putField(type(), field(i), captured()[i]);
      }
      end(code);
    }

    private void instance(ClassWriter writer) {
      writer
          .visitField(ACC_STATIC | ACC_FINAL, "INSTANCE", type().getDescriptor(), null, null)
          .visitEnd();
      GeneratorAdapter code = code(writer, ACC_STATIC, new Method("<clinit>", "()V"));
      create(code);
      code.putStatic(type(), "INSTANCE", type());
      end(code);
    }

    private void factory(ClassWriter writer) {
      GeneratorAdapter code = code(writer, ACC_STATIC, new Method("of", made));
      create(code);
      end(code);
    }

    private void create(GeneratorAdapter code) {
      code.newInstance(type());
      code.dup();
      code.loadArgs();
      code.invokeConstructor(type(), constructor());
    }

    private void call(ClassWriter writer) {
      GeneratorAdapter code = code(writer, ACC_PUBLIC, method);
      Type owner = Type.getObjectType(body.getOwner());
      if (body.getTag() == H_NEWINVOKESPECIAL) {
        code.newInstance(owner);
        code.dup();
      }
      arguments(code, owner);
      Type returned = Type.getReturnType(body.getDesc());
      Method target = new Method(body.getName(), body.getDesc());
      if (body.getTag() == H_NEWINVOKESPECIAL) {
        code.invokeConstructor(owner, target);
        returned = owner;
      } else {
        code.visitMethodInsn(
            instruction(), body.getOwner(), body.getName(), body.getDesc(), body.isInterface());
      }
      result(code, returned);
      end(code);
    }

    private int instruction() {
      if (body.getTag() == H_INVOKESTATIC) {
        return INVOKESTATIC;
      }
      // Also of what is private, as in a nest.
      return body.isInterface() ? INVOKEINTERFACE : INVOKEVIRTUAL;
    }

    /** What is captured, then what it is called with, as the body wants it. */
    private void arguments(GeneratorAdapter code, Type owner) {
      List<Type> wanted = new ArrayList<>();
      if (body.getTag() != H_NEWINVOKESPECIAL && body.getTag() != H_INVOKESTATIC) {
        wanted.add(owner);
      }
      wanted.addAll(List.of(Type.getArgumentTypes(body.getDesc())));
      Type[] captured = captured();
      for (int i = 0; i < captured.length; i++) {
        code.loadThis();
        code.getField(type(), field(i), captured[i]);
      }
      for (int i = 0; i < called.getArgumentTypes().length; i++) {
        Type narrow = called.getArgumentTypes()[i];
        code.loadArg(i);
        convert(code, method.getArgumentTypes()[i], narrow);
        convert(code, narrow, wanted.get(captured.length + i));
      }
    }

    private void result(GeneratorAdapter code, Type returned) {
      if (!method.getReturnType().equals(Type.VOID_TYPE)) {
        convert(code, returned, called.getReturnType());
        convert(code, called.getReturnType(), method.getReturnType());
      } else if (returned.getSize() == 2) {
        code.pop2();
      } else if (returned.getSize() == 1) {
        code.pop();
      }
    }

    private static void convert(GeneratorAdapter code, Type from, Type to) {
      boolean primitive = from.getSort() < Type.ARRAY;
      if (from.equals(to)) {
        return;
      }
      if (to.getSort() < Type.ARRAY) {
        if (primitive) {
          code.cast(from, to);
        } else {
          Type unboxed = WRAPPERS.getOrDefault(from.getInternalName(), to);
          code.unbox(unboxed);
          code.cast(unboxed, to);
        }
      } else if (primitive) {
        code.valueOf(from);
      } else {
        code.checkCast(to);
      }
    }

    private static void end(GeneratorAdapter code) {
      code.returnValue();
      code.endMethod();
    }
  }
}

package io.runcible.ffi;

import static io.runcible.ffi.NativeFunction.INT;
import static io.runcible.ffi.NativeFunction.LONG;
import static io.runcible.ffi.NativeFunction.POINTER;
import static io.runcible.ffi.NativeFunction.SHORT;
import static io.runcible.ffi.NativeFunction.VOID;
import static io.runcible.ffi.NativeFunction.address;

import com.kenai.jffi.Library;
import com.kenai.jffi.Type;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The C library of this process. */
final class LoadedLibc implements Libc {
  private static final long SYS_MKNODAT = Native.ARM64 ? 33 : 259;

  private final Library library = NativeFunction.library("libc.so.6");

  private final NativeFunction open = function("open", INT, POINTER, INT, INT);
  private final NativeFunction close = function("close", INT, INT);
  private final NativeFunction read = function("read", LONG, INT, POINTER, LONG);
  private final NativeFunction write = function("write", LONG, INT, POINTER, LONG);
  private final NativeFunction fsync = function("fsync", INT, INT);
  private final NativeFunction syncfs = function("syncfs", INT, INT);
  private final NativeFunction ftruncate = function("ftruncate", INT, INT, LONG);
  private final NativeFunction lseek = function("lseek", LONG, INT, LONG, INT);
  private final NativeFunction flock = function("flock", INT, INT, INT);
  private final NativeFunction fcntl = function("fcntl", INT, INT, INT, LONG);
  private final NativeFunction ioctl = function("ioctl", INT, INT, LONG, LONG);
  private final NativeFunction ioctlPointer = function("ioctl", INT, INT, LONG, POINTER);
  private final NativeFunction copy_file_range =
      function("copy_file_range", LONG, INT, POINTER, INT, POINTER, LONG, INT);
  private final NativeFunction pipe2 = function("pipe2", INT, POINTER, INT);
  private final NativeFunction memfd_create = function("memfd_create", INT, POINTER, INT);
  private final NativeFunction mmap = function("mmap", LONG, LONG, LONG, INT, INT, INT, LONG);
  private final NativeFunction munmap = function("munmap", INT, LONG, LONG);
  private final NativeFunction madvise = function("madvise", INT, LONG, LONG, INT);
  private final NativeFunction posix_openpt = function("posix_openpt", INT, INT);
  private final NativeFunction grantpt = function("grantpt", INT, INT);
  private final NativeFunction unlockpt = function("unlockpt", INT, INT);
  private final NativeFunction ptsname_r = function("ptsname_r", INT, INT, POINTER, LONG);
  private final NativeFunction tcgetattr = function("tcgetattr", INT, INT, POINTER);
  private final NativeFunction tcsetattr = function("tcsetattr", INT, INT, INT, POINTER);
  private final NativeFunction cfmakeraw = function("cfmakeraw", VOID, POINTER);
  private final NativeFunction poll = function("poll", INT, POINTER, LONG, INT);
  private final NativeFunction eventfd = function("eventfd", INT, INT, INT);
  private final NativeFunction inotify_init1 = function("inotify_init1", INT, INT);
  private final NativeFunction inotify_add_watch =
      function("inotify_add_watch", INT, INT, POINTER, INT);
  private final NativeFunction epoll_create1 = function("epoll_create1", INT, INT);
  private final NativeFunction epoll_ctl = function("epoll_ctl", INT, INT, INT, INT, POINTER);
  private final NativeFunction epoll_wait = function("epoll_wait", INT, INT, POINTER, INT, INT);
  private final NativeFunction getdents64 = function("getdents64", LONG, INT, POINTER, LONG);
  private final NativeFunction mkdirat = function("mkdirat", INT, INT, POINTER, INT);

  /** A C library before 2.33 has the function under another name. */
  private final NativeFunction mknodat = function("syscall", LONG, LONG, INT, POINTER, INT, LONG);

  private final NativeFunction symlinkat = function("symlinkat", INT, POINTER, INT, POINTER);
  private final NativeFunction linkat = function("linkat", INT, INT, POINTER, INT, POINTER, INT);
  private final NativeFunction unlinkat = function("unlinkat", INT, INT, POINTER, INT);
  private final NativeFunction renameat = function("renameat", INT, INT, POINTER, INT, POINTER);
  private final NativeFunction fchownat = function("fchownat", INT, INT, POINTER, INT, INT, INT);
  private final NativeFunction fchown = function("fchown", INT, INT, INT, INT);
  private final NativeFunction fchmod = function("fchmod", INT, INT, INT);
  private final NativeFunction fchmodat = function("fchmodat", INT, INT, POINTER, INT, INT);
  private final NativeFunction utimensat = function("utimensat", INT, INT, POINTER, POINTER, INT);
  private final NativeFunction futimens = function("futimens", INT, INT, POINTER);
  private final NativeFunction statx = function("statx", INT, INT, POINTER, INT, INT, POINTER);
  private final NativeFunction readlinkat =
      function("readlinkat", LONG, INT, POINTER, POINTER, LONG);
  private final NativeFunction fsetxattr =
      function("fsetxattr", INT, INT, POINTER, POINTER, LONG, INT);
  private final NativeFunction setxattr =
      function("setxattr", INT, POINTER, POINTER, POINTER, LONG, INT);
  private final NativeFunction lsetxattr =
      function("lsetxattr", INT, POINTER, POINTER, POINTER, LONG, INT);
  private final NativeFunction lgetxattr =
      function("lgetxattr", LONG, POINTER, POINTER, POINTER, LONG);
  private final NativeFunction llistxattr = function("llistxattr", LONG, POINTER, POINTER, LONG);
  private final NativeFunction lremovexattr = function("lremovexattr", INT, POINTER, POINTER);
  private final NativeFunction mount =
      function("mount", INT, POINTER, POINTER, POINTER, LONG, POINTER);
  private final NativeFunction umount2 = function("umount2", INT, POINTER, INT);
  private final NativeFunction unshare = function("unshare", INT, INT);
  private final NativeFunction setns = function("setns", INT, INT, INT);
  private final NativeFunction socket = function("socket", INT, INT, INT, INT);
  private final NativeFunction bind = function("bind", INT, INT, POINTER, INT);
  private final NativeFunction setsockopt =
      function("setsockopt", INT, INT, INT, INT, POINTER, INT);
  private final NativeFunction send = function("send", LONG, INT, POINTER, LONG, INT);
  private final NativeFunction recv = function("recv", LONG, INT, POINTER, LONG, INT);
  private final NativeFunction umask = function("umask", INT, INT);
  private final NativeFunction geteuid = function("geteuid", INT);
  private final NativeFunction getegid = function("getegid", INT);
  private final NativeFunction waitid = function("waitid", INT, INT, INT, POINTER, INT);
  private final NativeFunction kill = function("kill", INT, INT, INT);
  private final NativeFunction syscall =
      function("syscall", LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG);
  private final NativeFunction posix_spawn_file_actions_init =
      function("posix_spawn_file_actions_init", INT, POINTER);
  private final NativeFunction posix_spawn_file_actions_destroy =
      function("posix_spawn_file_actions_destroy", INT, POINTER);
  private final NativeFunction posix_spawn_file_actions_adddup2 =
      function("posix_spawn_file_actions_adddup2", INT, POINTER, INT, INT);
  private final NativeFunction posix_spawn_file_actions_addclose =
      function("posix_spawn_file_actions_addclose", INT, POINTER, INT);
  private final NativeFunction posix_spawn_file_actions_addopen =
      function("posix_spawn_file_actions_addopen", INT, POINTER, INT, POINTER, INT, INT);
  private final NativeFunction posix_spawn_file_actions_addclosefrom_np =
      function("posix_spawn_file_actions_addclosefrom_np", INT, POINTER, INT);
  private final NativeFunction posix_spawnattr_init =
      function("posix_spawnattr_init", INT, POINTER);
  private final NativeFunction posix_spawnattr_destroy =
      function("posix_spawnattr_destroy", INT, POINTER);
  private final NativeFunction posix_spawnattr_setflags =
      function("posix_spawnattr_setflags", INT, POINTER, SHORT);
  private final NativeFunction posix_spawnattr_setsigmask =
      function("posix_spawnattr_setsigmask", INT, POINTER, POINTER);
  private final NativeFunction posix_spawnattr_setsigdefault =
      function("posix_spawnattr_setsigdefault", INT, POINTER, POINTER);
  private final NativeFunction posix_spawn =
      function("posix_spawn", INT, POINTER, POINTER, POINTER, POINTER, POINTER, POINTER);

  private NativeFunction function(String name, Type result, Type... parameters) {
    return new NativeFunction(library, name, result, parameters);
  }

  @Override
  public int open(byte[] path, int flags, int mode) {
    return open.with().in(path).add(flags).add(mode).callInt();
  }

  @Override
  public int close(int fd) {
    return close.callInt(fd);
  }

  @Override
  public long read(int fd, Pointer buffer, long count) {
    return read.call(fd, address(buffer), count);
  }

  @Override
  public long write(int fd, Pointer buffer, long count) {
    return write.call(fd, address(buffer), count);
  }

  @Override
  public int fsync(int fd) {
    return fsync.callInt(fd);
  }

  @Override
  public int syncfs(int fd) {
    return syncfs.callInt(fd);
  }

  @Override
  public int ftruncate(int fd, long length) {
    return ftruncate.callInt(fd, length);
  }

  @Override
  public long lseek(int fd, long offset, int whence) {
    return lseek.call(fd, offset, whence);
  }

  @Override
  public int flock(int fd, int operation) {
    return flock.callInt(fd, operation);
  }

  @Override
  public int fcntl(int fd, int command, long argument) {
    return fcntl.callInt(fd, command, argument);
  }

  @Override
  public int ioctl(int fd, long request, long argument) {
    return ioctl.callInt(fd, request, argument);
  }

  @Override
  public int ioctl(int fd, long request, Pointer argument) {
    return ioctlPointer.callInt(fd, request, address(argument));
  }

  @Override
  public long copy_file_range(
      int from,
      @Nullable Pointer fromOffset,
      int to,
      @Nullable Pointer toOffset,
      long count,
      int flags) {
    return copy_file_range.call(from, address(fromOffset), to, address(toOffset), count, flags);
  }

  @Override
  public int pipe2(Pointer fds, int flags) {
    return pipe2.callInt(address(fds), flags);
  }

  @Override
  public int memfd_create(byte[] name, int flags) {
    return memfd_create.with().in(name).add(flags).callInt();
  }

  @Override
  public long mmap(long address, long length, int protection, int flags, int fd, long offset) {
    return mmap.call(address, length, protection, flags, fd, offset);
  }

  @Override
  public int munmap(long address, long length) {
    return munmap.callInt(address, length);
  }

  @Override
  public int madvise(long address, long length, int advice) {
    return madvise.callInt(address, length, advice);
  }

  @Override
  public int posix_openpt(int flags) {
    return posix_openpt.callInt(flags);
  }

  @Override
  public int grantpt(int fd) {
    return grantpt.callInt(fd);
  }

  @Override
  public int unlockpt(int fd) {
    return unlockpt.callInt(fd);
  }

  @Override
  public int ptsname_r(int fd, byte[] name, long size) {
    return ptsname_r.with().add(fd).out(name).add(size).callInt();
  }

  @Override
  public int tcgetattr(int fd, Pointer settings) {
    return tcgetattr.callInt(fd, address(settings));
  }

  @Override
  public int tcsetattr(int fd, int actions, Pointer settings) {
    return tcsetattr.callInt(fd, actions, address(settings));
  }

  @Override
  public void cfmakeraw(Pointer settings) {
    cfmakeraw.call(address(settings));
  }

  @Override
  public int poll(Pointer fds, long count, int timeoutMillis) {
    return poll.callInt(address(fds), count, timeoutMillis);
  }

  @Override
  public int eventfd(int initial, int flags) {
    return eventfd.callInt(initial, flags);
  }

  @Override
  public int inotify_init1(int flags) {
    return inotify_init1.callInt(flags);
  }

  @Override
  public int inotify_add_watch(int fd, byte[] path, int events) {
    return inotify_add_watch.with().add(fd).in(path).add(events).callInt();
  }

  @Override
  public int epoll_create1(int flags) {
    return epoll_create1.callInt(flags);
  }

  @Override
  public int epoll_ctl(int epoll, int operation, int fd, Pointer event) {
    return epoll_ctl.callInt(epoll, operation, fd, address(event));
  }

  @Override
  public int epoll_wait(int epoll, Pointer events, int maxEvents, int timeoutMillis) {
    return epoll_wait.callInt(epoll, address(events), maxEvents, timeoutMillis);
  }

  @Override
  public long getdents64(int fd, Pointer buffer, long count) {
    return getdents64.call(fd, address(buffer), count);
  }

  @Override
  public int mkdirat(int directory, byte[] name, int mode) {
    return mkdirat.with().add(directory).in(name).add(mode).callInt();
  }

  @Override
  public int mknodat(int directory, byte[] name, int mode, long device) {
    return (int)
        mknodat.with().add(SYS_MKNODAT).add(directory).in(name).add(mode).add(device).call();
  }

  @Override
  public int symlinkat(byte[] target, int directory, byte[] name) {
    return symlinkat.with().in(target).add(directory).in(name).callInt();
  }

  @Override
  public int linkat(int fromDirectory, byte[] from, int toDirectory, byte[] to, int flags) {
    return linkat.with().add(fromDirectory).in(from).add(toDirectory).in(to).add(flags).callInt();
  }

  @Override
  public int unlinkat(int directory, byte[] name, int flags) {
    return unlinkat.with().add(directory).in(name).add(flags).callInt();
  }

  @Override
  public int renameat(int fromDirectory, byte[] from, int toDirectory, byte[] to) {
    return renameat.with().add(fromDirectory).in(from).add(toDirectory).in(to).callInt();
  }

  @Override
  public int fchownat(int directory, byte[] name, int uid, int gid, int flags) {
    return fchownat.with().add(directory).in(name).add(uid).add(gid).add(flags).callInt();
  }

  @Override
  public int fchown(int fd, int uid, int gid) {
    return fchown.callInt(fd, uid, gid);
  }

  @Override
  public int fchmod(int fd, int mode) {
    return fchmod.callInt(fd, mode);
  }

  @Override
  public int fchmodat(int directory, byte[] name, int mode, int flags) {
    return fchmodat.with().add(directory).in(name).add(mode).add(flags).callInt();
  }

  @Override
  public int utimensat(int directory, byte[] name, Pointer times, int flags) {
    return utimensat.with().add(directory).in(name).add(times).add(flags).callInt();
  }

  @Override
  public int futimens(int fd, Pointer times) {
    return futimens.callInt(fd, address(times));
  }

  @Override
  public int statx(int directory, byte[] name, int flags, int mask, Pointer result) {
    return statx.with().add(directory).in(name).add(flags).add(mask).add(result).callInt();
  }

  @Override
  public long readlinkat(int directory, byte[] name, byte[] target, long size) {
    return readlinkat.with().add(directory).in(name).out(target).add(size).call();
  }

  @Override
  public int fsetxattr(int fd, byte[] name, byte[] value, long size, int flags) {
    return fsetxattr.with().add(fd).in(name).in(value).add(size).add(flags).callInt();
  }

  @Override
  public int setxattr(byte[] path, byte[] name, byte[] value, long size, int flags) {
    return setxattr.with().in(path).in(name).in(value).add(size).add(flags).callInt();
  }

  @Override
  public int lsetxattr(byte[] path, byte[] name, byte[] value, long size, int flags) {
    return lsetxattr.with().in(path).in(name).in(value).add(size).add(flags).callInt();
  }

  @Override
  public long lgetxattr(byte[] path, byte[] name, byte[] value, long size) {
    return lgetxattr.with().in(path).in(name).out(value).add(size).call();
  }

  @Override
  public long llistxattr(byte[] path, byte[] list, long size) {
    return llistxattr.with().in(path).out(list).add(size).call();
  }

  @Override
  public int lremovexattr(byte[] path, byte[] name) {
    return lremovexattr.with().in(path).in(name).callInt();
  }

  @Override
  public int mount(
      byte @Nullable [] source,
      byte[] target,
      byte @Nullable [] type,
      long flags,
      byte @Nullable [] data) {
    return mount.with().in(source).in(target).in(type).add(flags).in(data).callInt();
  }

  @Override
  public int umount2(byte[] target, int flags) {
    return umount2.with().in(target).add(flags).callInt();
  }

  @Override
  public int unshare(int flags) {
    return unshare.callInt(flags);
  }

  @Override
  public int setns(int fd, int kind) {
    return setns.callInt(fd, kind);
  }

  @Override
  public int socket(int domain, int type, int protocol) {
    return socket.callInt(domain, type, protocol);
  }

  @Override
  public int bind(int fd, Pointer address, int length) {
    return bind.callInt(fd, address(address), length);
  }

  @Override
  public int setsockopt(int fd, int level, int option, Pointer value, int length) {
    return setsockopt.callInt(fd, level, option, address(value), length);
  }

  @Override
  public long send(int fd, Pointer data, long length, int flags) {
    return send.call(fd, address(data), length, flags);
  }

  @Override
  public long recv(int fd, Pointer buffer, long length, int flags) {
    return recv.call(fd, address(buffer), length, flags);
  }

  @Override
  public int umask(int mask) {
    return umask.callInt(mask);
  }

  @Override
  public int geteuid() {
    return geteuid.callInt();
  }

  @Override
  public int getegid() {
    return getegid.callInt();
  }

  @Override
  public int waitid(int idType, int id, Pointer info, int options) {
    return waitid.callInt(idType, id, address(info), options);
  }

  @Override
  public int kill(int pid, int signal) {
    return kill.callInt(pid, signal);
  }

  @Override
  public long syscall(long number, long a, long b, long c, long d, long e, long f) {
    return syscall.with().add(number).add(a).add(b).add(c).add(d).add(e).add(f).call();
  }

  @Override
  public int posix_spawn_file_actions_init(Pointer actions) {
    return posix_spawn_file_actions_init.callInt(address(actions));
  }

  @Override
  public int posix_spawn_file_actions_destroy(Pointer actions) {
    return posix_spawn_file_actions_destroy.callInt(address(actions));
  }

  @Override
  public int posix_spawn_file_actions_adddup2(Pointer actions, int fd, int childFd) {
    return posix_spawn_file_actions_adddup2.callInt(address(actions), fd, childFd);
  }

  @Override
  public int posix_spawn_file_actions_addclose(Pointer actions, int fd) {
    return posix_spawn_file_actions_addclose.callInt(address(actions), fd);
  }

  @Override
  public int posix_spawn_file_actions_addopen(
      Pointer actions, int fd, byte[] path, int flags, int mode) {
    return posix_spawn_file_actions_addopen
        .with()
        .add(actions)
        .add(fd)
        .in(path)
        .add(flags)
        .add(mode)
        .callInt();
  }

  @Override
  public int posix_spawn_file_actions_addclosefrom_np(Pointer actions, int from) {
    return posix_spawn_file_actions_addclosefrom_np.callInt(address(actions), from);
  }

  @Override
  public int posix_spawnattr_init(Pointer attributes) {
    return posix_spawnattr_init.callInt(address(attributes));
  }

  @Override
  public int posix_spawnattr_destroy(Pointer attributes) {
    return posix_spawnattr_destroy.callInt(address(attributes));
  }

  @Override
  public int posix_spawnattr_setflags(Pointer attributes, short flags) {
    return posix_spawnattr_setflags.callInt(address(attributes), flags);
  }

  @Override
  public int posix_spawnattr_setsigmask(Pointer attributes, Pointer signals) {
    return posix_spawnattr_setsigmask.callInt(address(attributes), address(signals));
  }

  @Override
  public int posix_spawnattr_setsigdefault(Pointer attributes, Pointer signals) {
    return posix_spawnattr_setsigdefault.callInt(address(attributes), address(signals));
  }

  @Override
  public int posix_spawn(
      Pointer pid, Pointer path, Pointer actions, Pointer attributes, Pointer argv, Pointer envp) {
    return posix_spawn.callInt(
        address(pid),
        address(path),
        address(actions),
        address(attributes),
        address(argv),
        address(envp));
  }

  @Override
  public long read(int fd, ByteBuffer buffer, long count) {
    return read.with().add(fd).buffer(buffer).add(count).call();
  }

  @Override
  public long write(int fd, ByteBuffer buffer, long count) {
    return write.with().add(fd).buffer(buffer).add(count).call();
  }
}

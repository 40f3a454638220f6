package io.runcible.ffi;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The functions of the C library that Runcible calls; {@link Native} holds the one instance.
 *
 * <p>Strings are NUL-terminated byte arrays: a file name is bytes, not text. An array is read,
 * unless it is what the function is there to fill.
 */
interface Libc {
  int open(byte[] path, int flags, int mode);

  int close(int fd);

  long read(int fd, ByteBuffer buffer, long count);

  long write(int fd, ByteBuffer buffer, long count);

  long read(int fd, Pointer buffer, long count);

  long write(int fd, Pointer buffer, long count);

  int fsync(int fd);

  int syncfs(int fd);

  int ftruncate(int fd, long length);

  long lseek(int fd, long offset, int whence);

  int flock(int fd, int operation);

  int fcntl(int fd, int command, long argument);

  int ioctl(int fd, long request, long argument);

  int ioctl(int fd, long request, Pointer argument);

  long copy_file_range(
      int from,
      @Nullable Pointer fromOffset,
      int to,
      @Nullable Pointer toOffset,
      long count,
      int flags);

  int pipe2(Pointer fds, int flags);

  int memfd_create(byte[] name, int flags);

  long mmap(long address, long length, int protection, int flags, int fd, long offset);

  int munmap(long address, long length);

  int madvise(long address, long length, int advice);

  int posix_openpt(int flags);

  int grantpt(int fd);

  int unlockpt(int fd);

  int ptsname_r(int fd, byte[] name, long size);

  int tcgetattr(int fd, Pointer settings);

  int tcsetattr(int fd, int actions, Pointer settings);

  void cfmakeraw(Pointer settings);

  int poll(Pointer fds, long count, int timeoutMillis);

  int eventfd(int initial, int flags);

  int inotify_init1(int flags);

  int inotify_add_watch(int fd, byte[] path, int events);

  int epoll_create1(int flags);

  int epoll_ctl(int epoll, int operation, int fd, Pointer event);

  int epoll_wait(int epoll, Pointer events, int maxEvents, int timeoutMillis);

  long getdents64(int fd, Pointer buffer, long count);

  int mkdirat(int directory, byte[] name, int mode);

  int mknodat(int directory, byte[] name, int mode, long device);

  int symlinkat(byte[] target, int directory, byte[] name);

  int linkat(int fromDirectory, byte[] from, int toDirectory, byte[] to, int flags);

  int unlinkat(int directory, byte[] name, int flags);

  int renameat(int fromDirectory, byte[] from, int toDirectory, byte[] to);

  int fchownat(int directory, byte[] name, int uid, int gid, int flags);

  int fchown(int fd, int uid, int gid);

  int fchmod(int fd, int mode);

  int fchmodat(int directory, byte[] name, int mode, int flags);

  int utimensat(int directory, byte[] name, Pointer times, int flags);

  int futimens(int fd, Pointer times);

  int statx(int directory, byte[] name, int flags, int mask, Pointer result);

  long readlinkat(int directory, byte[] name, byte[] target, long size);

  int fsetxattr(int fd, byte[] name, byte[] value, long size, int flags);

  int setxattr(byte[] path, byte[] name, byte[] value, long size, int flags);

  int lsetxattr(byte[] path, byte[] name, byte[] value, long size, int flags);

  long lgetxattr(byte[] path, byte[] name, byte[] value, long size);

  long llistxattr(byte[] path, byte[] list, long size);

  int lremovexattr(byte[] path, byte[] name);

  int mount(
      byte @Nullable [] source,
      byte[] target,
      byte @Nullable [] type,
      long flags,
      byte @Nullable [] data);

  int umount2(byte[] target, int flags);

  int unshare(int flags);

  int setns(int fd, int kind);

  int socket(int domain, int type, int protocol);

  int bind(int fd, Pointer address, int length);

  int setsockopt(int fd, int level, int option, Pointer value, int length);

  long send(int fd, Pointer data, long length, int flags);

  long recv(int fd, Pointer buffer, long length, int flags);

  int umask(int mask);

  int geteuid();

  int getegid();

  int waitid(int idType, int id, Pointer info, int options);

  int kill(int pid, int signal);

  long syscall(long number, long a, long b, long c, long d, long e, long f);

  int posix_spawn_file_actions_init(Pointer actions);

  int posix_spawn_file_actions_destroy(Pointer actions);

  int posix_spawn_file_actions_adddup2(Pointer actions, int fd, int childFd);

  int posix_spawn_file_actions_addclose(Pointer actions, int fd);

  int posix_spawn_file_actions_addopen(Pointer actions, int fd, byte[] path, int flags, int mode);

  int posix_spawn_file_actions_addclosefrom_np(Pointer actions, int from);

  int posix_spawnattr_init(Pointer attributes);

  int posix_spawnattr_destroy(Pointer attributes);

  int posix_spawnattr_setflags(Pointer attributes, short flags);

  int posix_spawnattr_setsigmask(Pointer attributes, Pointer signals);

  int posix_spawnattr_setsigdefault(Pointer attributes, Pointer signals);

  int posix_spawn(
      Pointer pid, Pointer path, Pointer actions, Pointer attributes, Pointer argv, Pointer envp);
}

package io.runcible.archive;

/** What an entry of an archive makes. */
public enum EntryType {
  FILE,
  /** Another name of a file that an earlier entry made. */
  HARD_LINK,
  SYMLINK,
  CHARACTER_DEVICE,
  BLOCK_DEVICE,
  DIRECTORY,
  FIFO
}

package io.runcible.ffi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A program of some instructions as a file that needs no other one (elf(5)). */
public final class StaticProgram {
  private static final long CODE = 0x10000000L;
  private static final int ELF_HEADER = 64;
  private static final int SEGMENT_HEADER = 56;
  private static final int ALIGNMENT = 0x10000;
  private static final int LOAD = 1;
  private static final int STACK = 0x6474e551;
  private static final int EXECUTED = 5;
  private static final int WRITTEN = 6;

  private StaticProgram() {}

  /**
   * With a segment for the code, and a stack without code.
   *
   * @param machine the number of the processor in the header
   * @param code does not depend on its address
   */
  public static byte[] elf(int machine, byte[] code) {
    return elf(machine, code, 0, 0);
  }

  /**
   * With memory at an address besides.
   *
   * @param size of that memory, in bytes; 0 for none
   */
  public static byte[] elf(int machine, byte[] code, long memory, int size) {
    int segments = size == 0 ? 2 : 3;
    int start = ELF_HEADER + segments * SEGMENT_HEADER;
    ByteBuffer file = ByteBuffer.allocate(start + code.length).order(ByteOrder.LITTLE_ENDIAN);
    file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
    file.putShort((short) 2).putShort((short) machine).putInt(1);
    file.putLong(CODE + start).putLong(ELF_HEADER).putLong(0).putInt(0);
    file.putShort((short) ELF_HEADER).putShort((short) SEGMENT_HEADER).putShort((short) segments);
    file.position(ELF_HEADER);
    segment(file, LOAD, EXECUTED, CODE, file.capacity(), file.capacity());
    if (size > 0) {
      segment(file, LOAD, WRITTEN, memory, 0, size);
    }
    segment(file, STACK, WRITTEN, 0, 0, 0);
    return file.put(code).array();
  }

  private static void segment(
      ByteBuffer file, int type, int flags, long address, long fileSize, long memorySize) {
    file.putInt(type).putInt(flags).putLong(0).putLong(address).putLong(address);
    file.putLong(fileSize).putLong(memorySize).putLong(ALIGNMENT);
  }
}

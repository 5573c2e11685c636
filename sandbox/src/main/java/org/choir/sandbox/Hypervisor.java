package org.choir.sandbox;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.ByteChannel;
import java.nio.file.Path;
import java.time.Duration;

/** One hypervisor process and the machine in it. */
public interface Hypervisor {

  HypervisorProcess process();

  /**
   * Connects to the agent's end; waits for the process to listen, or the guest to dial.
   *
   * @throws IOException if nobody is there in time
   */
  Pipe connect(Duration patience) throws IOException;

  /**
   * The one byte pipe to a guest.
   *
   * @param fresh whether the guest begins with its hello; otherwise it may be in the middle of what
   *     it had to say to an earlier host, and the two must find a common place first
   */
  record Pipe(ByteChannel channel, boolean fresh) {}

  /** Stops the guest's processors; if the answer is lost the state is unknown, and this fails. */
  void pause();

  /** Lets the guest's processors run. */
  void unpause();

  /** Writes the paused machine's memory and devices; disks are the caller's. */
  void save(OutputStream out) throws IOException;

  /**
   * Writes the paused machine's memory and devices as plain files into a folder; only for one that
   * was booted to become a template.
   */
  void saveTemplate(Path folder) throws IOException;

  /** Kills the process, waits for its end and removes what it left outside the folder. */
  void kill();

  /** What the process and the guest's kernel printed last; for messages. */
  String complaint();
}

package org.choir.audit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory that keeps apart what programs see and what survives the loss of power, and that
 * fails where a test says.
 */
final class SimulatedDisk implements LogFiles {
  /** What happens at the chosen operation. */
  enum Fault {
    /** It does nothing and reports a failure. */
    FAIL,
    /** It does half of its work and reports a failure. */
    TEAR,
    /** It does nothing, as does everything that writes after it for a while: the disk is full. */
    FULL,
    /** It does nothing, as does everything after it for a while: the disk is not there. */
    GONE,
    /** The process ends before it. */
    KILL,
    /** The process ends in the middle of it. */
    TEAR_AND_KILL,
    /** It reports success, and nothing was forced. */
    LIE
  }

  private static final class Inode {
    byte[] seen = new byte[0];
    byte[] durable = new byte[0];
  }

  private final Map<Path, Inode> seen = new TreeMap<>();
  private final Map<Path, Inode> durable = new TreeMap<>();
  private final Set<Path> folders = new HashSet<>();
  private final Set<Path> locks = new HashSet<>();
  private int operations;
  private int faultAt = -1;
  private int outageEnds = -1;
  private @Nullable Fault fault;
  private boolean dead;
  private boolean lying;

  /** The next operations are counted from 0, and this happens at that one. */
  synchronized void plan(int at, Fault what) {
    operations = 0;
    faultAt = at;
    fault = what;
    outageEnds = what == Fault.FULL || what == Fault.GONE ? at + 6 : -1;
  }

  synchronized void planNothing() {
    operations = 0;
    faultAt = -1;
    fault = null;
    outageEnds = -1;
  }

  synchronized int operations() {
    return operations;
  }

  /** The same disk after the process was killed: everything written is there. */
  synchronized SimulatedDisk afterKill() {
    SimulatedDisk next = new SimulatedDisk();
    next.folders.addAll(folders);
    java.util.IdentityHashMap<Inode, Inode> copies = new java.util.IdentityHashMap<>();
    seen.forEach((path, inode) -> next.seen.put(path, copies.computeIfAbsent(inode, this::copy)));
    durable.forEach(
        (path, inode) -> next.durable.put(path, copies.computeIfAbsent(inode, this::copy)));
    return next;
  }

  private Inode copy(Inode from) {
    Inode to = new Inode();
    to.seen = from.seen;
    to.durable = from.durable;
    return to;
  }

  /**
   * The same disk after power was lost.
   *
   * @param random says what of the unforced survived, each name and content for itself, in parts;
   *     null for nothing
   */
  synchronized SimulatedDisk afterPowerLoss(@Nullable SplittableRandom random) {
    SimulatedDisk next = new SimulatedDisk();
    next.folders.addAll(folders);
    Set<Path> paths = new HashSet<>(seen.keySet());
    paths.addAll(durable.keySet());
    for (Path path : new java.util.TreeSet<>(paths)) {
      boolean newName = random != null && random.nextBoolean();
      Inode inode = newName ? seen.get(path) : durable.get(path);
      if (inode != null) {
        Inode left = new Inode();
        left.durable = survived(inode, random);
        left.seen = left.durable;
        next.seen.put(path, left);
        next.durable.put(path, left);
      }
    }
    return next;
  }

  private static byte[] survived(Inode inode, @Nullable SplittableRandom random) {
    if (random == null || Arrays.equals(inode.seen, inode.durable)) {
      return inode.durable;
    }
    int kept = inode.durable.length;
    int more = inode.seen.length - kept;
    if (more <= 0) {
      return random.nextBoolean() ? inode.seen : inode.durable;
    }
    return switch (random.nextInt(3)) {
      case 0 -> inode.durable;
      case 1 -> Arrays.copyOf(inode.seen, kept + random.nextInt(more + 1));
      default -> {
        // The length came through and only a beginning of the content.
        byte[] torn = Arrays.copyOf(inode.seen, inode.seen.length);
        Arrays.fill(torn, kept + random.nextInt(more), torn.length, (byte) 0);
        yield torn;
      }
    };
  }

  /** Changes a file as somebody with access to the disk would. */
  synchronized void tamper(Path file, byte[] content) {
    Inode inode = new Inode();
    inode.seen = content;
    inode.durable = content;
    seen.put(file, inode);
    durable.put(file, inode);
  }

  synchronized void remove(Path file) {
    seen.remove(file);
    durable.remove(file);
  }

  synchronized byte[] content(Path file) {
    Inode inode = seen.get(file);
    if (inode == null) {
      throw new IllegalArgumentException("no " + file);
    }
    return inode.seen.clone();
  }

  synchronized List<Path> files() {
    return List.copyOf(seen.keySet());
  }

  private enum Step {
    DO,
    HALF
  }

  /** Counts the operation and says how much of it is done before it fails or the process ends. */
  private Step step(boolean writes) throws IOException {
    if (dead) {
      throw new IOException("the process was killed");
    }
    int now = operations++;
    if (now >= faultAt && now < outageEnds && (writes || fault == Fault.GONE)) {
      throw new IOException(fault == Fault.FULL ? "No space left on device" : "Input/output error");
    }
    lying = false;
    if (now != faultAt || fault == null || fault == Fault.FULL || fault == Fault.GONE) {
      return Step.DO;
    }
    return switch (fault) {
      case FAIL -> throw new IOException("Input/output error");
      case KILL -> {
        dead = true;
        throw new IOException("the process was killed");
      }
      case LIE -> {
        lying = true;
        yield Step.DO;
      }
      default -> Step.HALF;
    };
  }

  private void endHalf(Step step) throws IOException {
    if (step == Step.HALF) {
      dead = fault == Fault.TEAR_AND_KILL;
      throw new IOException(dead ? "the process was killed" : "Input/output error");
    }
  }

  private final class Handle implements Appender {
    private final Inode inode;

    Handle(Inode inode) {
      this.inode = inode;
    }

    @Override
    public void write(ByteBuffer bytes) throws IOException {
      synchronized (SimulatedDisk.this) {
        Step step = step(true);
        byte[] more = new byte[step == Step.HALF ? bytes.remaining() / 2 : bytes.remaining()];
        bytes.get(more);
        byte[] all = Arrays.copyOf(inode.seen, inode.seen.length + more.length);
        System.arraycopy(more, 0, all, inode.seen.length, more.length);
        inode.seen = all;
        endHalf(step);
      }
    }

    @Override
    public void force() throws IOException {
      synchronized (SimulatedDisk.this) {
        Step step = step(false);
        if (step == Step.HALF) {
          // As Linux does it: the failure is told once and the pages count as clean.
          inode.durable = Arrays.copyOf(inode.seen, (inode.durable.length + inode.seen.length) / 2);
        } else if (!lying) {
          inode.durable = inode.seen;
        }
        endHalf(step);
      }
    }

    @Override
    public void truncate(long length) throws IOException {
      synchronized (SimulatedDisk.this) {
        Step step = step(false);
        if (step == Step.DO) {
          inode.seen = Arrays.copyOf(inode.seen, (int) length);
        }
        endHalf(step);
      }
    }

    @Override
    public void close() {}
  }

  @Override
  public synchronized Appender create(Path file) throws IOException {
    Step step = step(true);
    if (seen.containsKey(file)) {
      throw new FileAlreadyExistsException(file.toString());
    }
    Inode inode = new Inode();
    seen.put(file, inode);
    endHalf(step);
    return new Handle(inode);
  }

  @Override
  public synchronized void write(Path file, byte[] content) throws IOException {
    Step step = step(true);
    Inode inode = seen.computeIfAbsent(file, f -> new Inode());
    inode.seen = step == Step.HALF ? Arrays.copyOf(content, content.length / 2) : content.clone();
    if (step == Step.DO && !lying) {
      inode.durable = inode.seen;
    }
    endHalf(step);
  }

  @Override
  public synchronized byte[] read(Path file, int max) throws IOException {
    endHalf(step(false));
    Inode inode = seen.get(file);
    if (inode == null) {
      throw new NoSuchFileException(file.toString());
    }
    if (inode.seen.length > max) {
      throw new IOException(file + " is longer than " + max + " bytes");
    }
    return inode.seen.clone();
  }

  @Override
  public synchronized List<String> list(Path folder) throws IOException {
    endHalf(step(false));
    Set<String> names = new java.util.TreeSet<>();
    List<Path> all = new ArrayList<>(seen.keySet());
    all.addAll(folders);
    for (Path path : all) {
      if (path.startsWith(folder) && !path.equals(folder)) {
        names.add(path.getName(folder.getNameCount()).toString());
      }
    }
    return List.copyOf(names);
  }

  @Override
  public synchronized boolean isFolder(Path path) {
    return folders.contains(path)
        || seen.keySet().stream().anyMatch(p -> p.startsWith(path) && !p.equals(path));
  }

  @Override
  public synchronized boolean exists(Path path) {
    return seen.containsKey(path) || isFolder(path);
  }

  @Override
  public synchronized void makeFolder(Path folder) throws IOException {
    if (folders.contains(folder)) {
      return;
    }
    endHalf(step(true));
    for (Path path = folder; path != null; path = path.getParent()) {
      folders.add(path);
    }
  }

  @Override
  public synchronized void forceNames(Path folder) throws IOException {
    Step step = step(false);
    if (step == Step.DO && !lying) {
      durable.keySet().removeIf(p -> folder.equals(p.getParent()) && !seen.containsKey(p));
      seen.forEach(
          (path, inode) -> {
            if (folder.equals(path.getParent())) {
              durable.put(path, inode);
            }
          });
    }
    endHalf(step);
  }

  @Override
  public synchronized void rename(Path from, Path to) throws IOException {
    Step step = step(true);
    endHalf(step);
    Inode inode = seen.remove(from);
    if (inode == null) {
      throw new NoSuchFileException(from.toString());
    }
    seen.put(to, inode);
  }

  @Override
  public synchronized void delete(Path path) throws IOException {
    endHalf(step(false));
    seen.remove(path);
    folders.remove(path);
  }

  @Override
  public synchronized AutoCloseable lock(Path file) throws IOException {
    endHalf(step(true));
    if (!locks.add(file)) {
      throw new IOException("another process has " + file + " locked");
    }
    return () -> {
      synchronized (SimulatedDisk.this) {
        locks.remove(file);
      }
    };
  }
}

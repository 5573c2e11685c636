package org.choir.agent;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs a step's tasks side by side, each on a virtual thread. All of them are waited for, whatever
 * happens to one: only an interrupt, or a history that cannot be written, ends them early.
 */
final class TaskGroup {
  private static final int AT_ONCE = 4;
  private static final Duration STOPPING_MAX = Duration.ofSeconds(60);

  /** Of several stops the first in this order is the run's. */
  private static final List<RunState> GRAVITY =
      List.of(
          RunState.CANCELLED,
          RunState.FAILED,
          RunState.PAUSED,
          RunState.BUDGET_EXHAUSTED,
          RunState.NEEDS_DECISION,
          RunState.WAITING_APPROVAL);

  private final Runnable checkStop;

  /**
   * @param checkStop throws if a task that has not begun is not to begin
   */
  TaskGroup(Runnable checkStop) {
    this.checkStop = checkStop;
  }

  /**
   * Performs the calls.
   *
   * @param finished receives the outputs by action, in the order of the calls
   * @throws StopException the gravest stop, after all have ended
   */
  void perform(
      List<PendingCall> calls,
      Function<PendingCall, ToolOutput> task,
      Map<String, ToolOutput> finished) {
    Semaphore free = new Semaphore(AT_ONCE);
    CountDownLatch running = new CountDownLatch(calls.size());
    List<FutureTask<ToolOutput>> tasks = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (PendingCall call : calls) {
      FutureTask<ToolOutput> one =
          new FutureTask<>(
              () -> {
                free.acquire();
                try {
                  checkStop.run();
                  return task.apply(call);
                } finally {
                  free.release();
                }
              });
      tasks.add(one);
      threads.add(
          Thread.ofVirtual()
              .name("task-" + call.action())
              .start(
                  () -> {
                    one.run();
                    running.countDown();
                  }));
    }
    List<StopException> stops = new ArrayList<>();
    Throwable broken = null;
    for (int i = 0; i < calls.size(); i++) {
      try {
        finished.put(calls.get(i).action(), tasks.get(i).get());
      } catch (InterruptedException e) {
        end(threads, running);
        collect(calls, tasks, finished);
        throw StopException.interrupted();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof StopException stop) {
          stops.add(stop);
        } else if (e.getCause() instanceof InterruptedException) {
          stops.add(StopException.interrupted());
        } else if (broken == null) {
          broken = e.getCause();
          threads.forEach(Thread::interrupt);
        }
      }
    }
    if (broken != null) {
      throw rethrown(broken);
    }
    stops.sort(Comparator.comparingInt(s -> GRAVITY.indexOf(s.state())));
    if (!stops.isEmpty()) {
      throw stops.getFirst();
    }
  }

  private static void end(List<Thread> threads, CountDownLatch running) {
    threads.forEach(Thread::interrupt);
    try {
      if (!running.await(STOPPING_MAX.toSeconds(), TimeUnit.SECONDS)) {
        // Their next entry is fenced by whoever resumes the run.
        System.getLogger(TaskGroup.class.getName())
            .log(System.Logger.Level.WARNING, "a subagent did not stop in time");
      }
    } catch (InterruptedException again) {
      Thread.currentThread().interrupt();
    }
  }

  private static void collect(
      List<PendingCall> calls,
      List<FutureTask<ToolOutput>> tasks,
      Map<String, ToolOutput> finished) {
    for (int i = 0; i < calls.size(); i++) {
      if (tasks.get(i).state() == FutureTask.State.SUCCESS) {
        finished.put(calls.get(i).action(), tasks.get(i).resultNow());
      }
    }
  }

  private static RuntimeException rethrown(@Nullable Throwable broken) {
    if (broken instanceof Error error) {
      throw error;
    }
    if (broken instanceof RuntimeException exception) {
      return exception;
    }
    return new IllegalStateException("a task broke", broken);
  }
}

// Uses the threads of compiled loops without any loop: the tests put threads.h in front of this.
// What is wrong is said, and the program ends with 1.

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <initializer_list>

static void require(bool good, const char* what) {
  if (good) return;
  fprintf(stderr, "%s\n", what);
  _exit(1);
}

enum { THREADS = 3, BLOCKS = 20, CALLERS = 8, CALLS = 50 };

// Each part in a thread of its own, also when the helpers have gone to sleep.
static void each_part_has_its_thread() {
  struct Seen {
    pthread_t by[THREADS];
    int rounding[THREADS];
    bool interrupted[THREADS];
  } seen;
  auto part = [&](long number) {
    seen.by[number] = pthread_self();
    seen.rounding[number] = fegetround();
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, 0, &blocked);
    seen.interrupted[number] = !sigismember(&blocked, SIGINT);
  };
  for (int rounding : {FE_TONEAREST, FE_UPWARD, FE_TONEAREST}) {
    Session session(THREADS);
    fesetround(rounding);
    session.team.gather(THREADS);
    memset((void*)&seen, 255, sizeof seen);
    session.team.each(THREADS, called<decltype(part)>, &part);
    require(session.team.ran() == THREADS, "it is not said how many threads ran");
    for (int n = 0; n < THREADS; ++n) {
      for (int m = 0; m < n; ++m)
        require(!pthread_equal(seen.by[n], seen.by[m]), "two parts had one thread");
      require(seen.rounding[n] == rounding, "a helper computes in another way than its caller");
      require(seen.interrupted[n] == !n, "a helper gets signals");
    }
    usleep(100000);
  }
}

// The caller comes to where its helper looks for work: one of two CPUs would do nothing.
static void a_helper_makes_way_for_its_caller() {
#if defined(__linux__)
  cpu_set_t all, one;
  if (sched_getaffinity(0, sizeof all, &all) || CPU_COUNT(&all) < 2) return;
  int apart = 0;
  for (int call = 0; call < CALLS; ++call) {
    int cpu[2];
    auto part = [&](long number) { cpu[number] = sched_getcpu(); };
    {
      Session session(2);
      session.team.each(2, called<decltype(part)>, &part);
    }
    CPU_ZERO(&one);
    CPU_SET(cpu[1], &one);
    sched_setaffinity(0, sizeof one, &one);
    sched_setaffinity(0, sizeof all, &all);
    Session session(2);
    session.team.each(2, called<decltype(part)>, &part);
    apart += cpu[0] != cpu[1];
  }
  require(2 * apart > CALLS, "a helper stays on the CPU that its caller needs");
#endif
}

// Every block once, and done when it is needed.
static void blocks_are_there_when_needed() {
  for (int call = 0; call < CALLS; ++call) {
    int done[BLOCKS] = {};
    auto block = [&](long number) { done[number] += 1; };
    Session session(THREADS);
    Ahead blocks(&session.team, BLOCKS, called<decltype(block)>, &block);
    for (int n = 0; n < BLOCKS; ++n) {
      blocks.need(n);
      require(done[n] == 1, "a block was needed that was not done once");
    }
  }
}

static void* caller(void*) {
  for (int call = 0; call < CALLS; ++call) blocks_are_there_when_needed();
  return 0;
}

static void everything() {
  each_part_has_its_thread();
  blocks_are_there_when_needed();
}

int main() {
  everything();
  a_helper_makes_way_for_its_caller();
  pthread_t callers[CALLERS];
  for (pthread_t& one : callers) pthread_create(&one, 0, caller, 0);
  if (FORKS) {  // while others call
    for (int n = 0; n < 5; ++n) {
      const pid_t child = fork();
      if (!child) {
        alarm(60);
        everything();
        _exit(0);
      }
      int status = 1;
      waitpid(child, &status, 0);
      require(status == 0, "a process that was forked has no helpers");
    }
  }
  for (pthread_t& one : callers) pthread_join(one, 0);
  everything();
  return 0;  // while helpers look for work or sleep
}

// Threads that stay from call to call: what every generated loop has in front (loop_codegen.py).
//
// A call takes a team, so that no two calls wait for each other, and gives it back; what is idle is
// taken again. A helper that has nothing to do looks for work for some microseconds, in which the
// next comes if it is that of the next step, and then sleeps.

#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <atomic>  // and no other header of C++: two would be a sixth of what a loop takes

// To wake a thread costs about as much as this many multiplications. With 0, as tests have it,
// helpers do their part of everything, at whatever cost.
#ifndef WORTH_THREADS
#define WORTH_THREADS 1e6
#endif
static const bool PATIENT = WORTH_THREADS == 0;

// What is here may be one thing for all loops of a process, if its compiler can tell the system's
// loader so: the name has to change with it.
namespace keras_lstm_variants_threads_3 {

typedef void Part(const void* of, long number);

enum State { IDLE, POSTED, TAKEN, DONE };
// How often a helper looks for work before it sleeps, at 20 to 40 ns: after a call, and where one
// sequence after the other comes.
enum { LOOKS = 2000, MOST_LOOKS = 40000, GIVE_WAY = 64 };

inline void rest(int looked) {
  if (looked > LOOKS / 2 && looked % GIVE_WAY == 0) sched_yield();  // others may have work
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

struct Lock {
  pthread_mutex_t& mutex;
  explicit Lock(pthread_mutex_t& mutex) : mutex(mutex) { pthread_mutex_lock(&mutex); }
  ~Lock() { pthread_mutex_unlock(&mutex); }
};

// Linux often puts a thread beside the one that makes or wakes it, where both wait for each other
// for milliseconds. So a thread begins on another CPU, and then may go wherever its caller may.
#if defined(__linux__)
class Places {
 public:
  // For the thread that makes another one, or wakes it.
  void begin_elsewhere(pthread_attr_t* attributes) {
    if (elsewhere()) pthread_attr_setaffinity_np(attributes, sizeof others, &others);
  }
  void begin_elsewhere(pthread_t sleeper) {
    if (elsewhere()) pthread_setaffinity_np(sleeper, sizeof others, &others);
  }
  static int here() { return sched_getcpu(); }
  // For the other one, once it runs.
  void anywhere() const {
    if (known) pthread_setaffinity_np(pthread_self(), sizeof all, &all);
  }

 private:
  cpu_set_t all, others;
  bool known = false;

  // Whether there is another CPU.
  bool elsewhere() {
    const int cpu = here();
    known = cpu >= 0 && !pthread_getaffinity_np(pthread_self(), sizeof all, &all);
    if (!known) return false;
    others = all;
    CPU_CLR(cpu, &others);
    return CPU_COUNT(&others) > 0;
  }
};
#else
struct Places {
  void begin_elsewhere(pthread_attr_t*) {}
  void begin_elsewhere(pthread_t) {}
  static int here() { return -1; }
  void anywhere() const {}
};
#endif

class Helper {
 public:
  std::atomic<int> looks{LOOKS};  // before it sleeps
  Helper* next = 0;               // of its team

  // Whether a thread for it could be had.
  bool start() {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    places.begin_elsewhere(&attributes);
    sigset_t others, before;  // signals are for the threads of the program, but for its own faults
    sigfillset(&others);
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (int fault : faults) sigdelset(&others, fault);
    pthread_sigmask(SIG_SETMASK, &others, &before);
    const bool started = !pthread_create(&id, &attributes, live, this);
    pthread_sigmask(SIG_SETMASK, &before, 0);
    pthread_attr_destroy(&attributes);
    return started;
  }

  // Has it do run(of, number). What it reads is the caller's again after `wait` or `taken_back`.
  void post(Part* run_, const void* of_, long number_, const fenv_t* numbers_) {
    run = run_, of = of_, number = number_, numbers = numbers_;
    state.store(POSTED);
    wake();
  }
  void wake() {
    if (!asleep.load()) return;
    Lock lock(mutex);
    if (asleep.load() && !called) leave_here();
    called = true;
    pthread_cond_signal(&changed);
  }
  // For a caller that may have come to where it looks for work.
  void make_way() {
    const int cpu = Places::here();
    if (cpu < 0 || on_cpu.load(std::memory_order_relaxed) != cpu || asleep.load()) return;
    Lock lock(mutex);
    leave_here();
  }
  // Whether its part, which it has not begun, is the caller's now.
  bool taken_back() {
    int posted = POSTED;
    return state.compare_exchange_strong(posted, IDLE);
  }
  // Waits for what it has begun, or will.
  void wait() {
    for (int looked = 0; state.load(std::memory_order_acquire) != IDLE; ++looked) {
      if (looked < LOOKS) {
        rest(looked);
        continue;
      }
      Lock lock(mutex);
      waited_for.store(true);
      while (state.load() != IDLE) pthread_cond_wait(&done, &mutex);
      waited_for.store(false);
    }
  }

 private:
  std::atomic<int> state{IDLE};
  std::atomic<bool> asleep{false}, waited_for{false}, sent_off{false};
  std::atomic<int> on_cpu{-1};
  bool called = false;
  pthread_t id;
  Part* run = 0;
  const void* of = 0;
  long number = 0;
  const fenv_t* numbers = 0;  // how the caller computes: whether denormal numbers are zeros, say
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t changed = PTHREAD_COND_INITIALIZER, done = PTHREAD_COND_INITIALIZER;
  Places places;
  // Two helpers write to no one place of the cache.
  char apart[128];

  void leave_here() {
    places.begin_elsewhere(id);
    sent_off.store(true);
  }
  void arrive() {
    Lock lock(mutex);
    sent_off.store(false);
    places.anywhere();
  }

  static void* live(void* helper) {
    Helper& one = *(Helper*)helper;
    one.arrive();
    for (int looked = 0;; ++looked) {
      int posted = POSTED;
      one.on_cpu.store(Places::here(), std::memory_order_relaxed);
      if (one.sent_off.load(std::memory_order_relaxed)) one.arrive();
      if (one.state.load(std::memory_order_relaxed) == POSTED &&
          one.state.compare_exchange_strong(posted, TAKEN)) {
        fesetenv(one.numbers);
        one.run(one.of, one.number);
        one.state.store(IDLE);
        if (one.waited_for.load()) {
          Lock lock(one.mutex);
          pthread_cond_signal(&one.done);
        }
        looked = 0;
      } else if (looked < one.looks.load(std::memory_order_relaxed)) {
        rest(looked);
      } else {
        one.sleep();
        looked = 0;
      }
    }
    return 0;
  }
  void sleep() {
    Lock lock(mutex);
    asleep.store(true);
    while (!called && state.load() != POSTED) pthread_cond_wait(&changed, &mutex);
    called = false;
    asleep.store(false);
  }
};

// Those who help one call at a time. Not destroyed: threads last as long as the process.
class Team {
 public:
  Team* next = 0;  // of those that are idle

  // Of so many threads, the caller's own included, if they can be had.
  void gather(long threads) {
    fegetenv(&numbers);
    for (; size < threads; ++size) {
      Helper* const one = new Helper;
      if (!one->start()) {
        delete one;
        break;
      }
      *end_of_helpers = one;
      end_of_helpers = &one->next;
    }
    wanted = threads < size ? threads : size;
    helped = 1;
    // To wake takes long: where calls follow each other, helpers stay awake in between.
    if (seconds() - ended < 2e-3) near = 8;
    else if (near) --near;
    Helper* one = helpers;
    for (long k = 1; k < wanted; ++k, one = one->next) {
      one->looks = near ? MOST_LOOKS : LOOKS;
      one->make_way();
      one->wake();  // for what will be asked of it
    }
  }
  void leave() { ended = seconds(); }

  // Calls run(of, number) for the numbers from 0 to n - 1, each in its own thread.
  void each(long n, Part* run, const void* of) {
    const long there = n < wanted ? n : wanted;
    Helper* one = helpers;
    for (long k = 1; k < there; ++k, one = one->next) one->post(run, of, k, &numbers);
    run(of, 0);
    for (long k = there; k < n; ++k) run(of, k);  // no thread could be had for it
    one = helpers;
    for (long k = 1; k < there; ++k, one = one->next) one->wait();
    if (helped < there) helped = there;
  }

  // Asks the others to call run(of, number) meanwhile; `end` may find that they have not begun.
  void begin(Part* run, const void* of) {
    Helper* one = helpers;
    for (long k = 1; k < wanted; ++k, one = one->next) one->post(run, of, k, &numbers);
  }
  void end() {
    Helper* one = helpers;
    for (long k = 1; k < wanted; ++k, one = one->next)
      if (PATIENT || !one->taken_back()) one->wait(), ++helped;
  }

  // How many threads it is of, and how many have done something in this call.
  long threads() const { return wanted; }
  long ran() const { return helped; }

 private:
  Helper* helpers = 0;  // of which there are size - 1
  Helper** end_of_helpers = &helpers;
  long size = 1, wanted = 1, helped = 1;
  double ended = 0;
  int near = 0;  // for how many calls more helpers stay awake
  fenv_t numbers;

  static double seconds() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
  }
};

// A function object as a part.
template <class F> void called(const void* of, long number) {
  (*(const F*)of)(number);
}

// Blocks of work that a call needs one after the other: helpers do them ahead of it, and what no
// other has begun when it is needed, the caller does itself.
class Ahead {
 public:
  Ahead(Team* team, long count, Part* run, const void* of)
      : team(team), count(count), run(run), of(of), states(team ? new std::atomic<char>[count] : 0) {
    if (!team) return;
    for (long k = 0; k < count; ++k) states[k].store(k == 0 ? TAKEN : IDLE);
    team->begin(help, this);
  }
  ~Ahead() {
    if (team) team->end();
    delete[] states;
  }
  void need(long number) {
    const bool mine = number == 0 || (!PATIENT && taken(number));
    if (mine) return run(of, number);
    for (int looked = 0; states[number].load(std::memory_order_acquire) != DONE; ++looked)
      rest(looked);
  }

 private:
  Team* const team;
  const long count;
  Part* const run;
  const void* const of;
  std::atomic<char>* const states;

  bool taken(long number) {
    char idle = IDLE;
    return states[number].compare_exchange_strong(idle, TAKEN);
  }
  static void help(const void* of, long) {
    Ahead& one = *(Ahead*)of;
    for (long k = 0; k < one.count; ++k)
      if (one.taken(k)) {
        one.run(one.of, k);
        one.states[k].store(DONE, std::memory_order_release);
      }
  }
};

class Teams {
 public:
  static Teams& all() {
    static Teams& one = *new Teams;  // never destroyed: calls may come while the process ends
    return one;
  }
  Team& take() {
    Lock lock(mutex);
    if (!idle) return *new Team;
    Team& one = *idle;
    idle = one.next;
    return one;
  }
  void give_back(Team& one) {
    Lock lock(mutex);
    one.next = idle;
    idle = &one;
  }

 private:
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  Team* idle = 0;

  // A process that is forked has none of the threads.
  Teams() {
    pthread_atfork([] { pthread_mutex_lock(&all().mutex); },
                   [] { pthread_mutex_unlock(&all().mutex); },
                   [] {
                     all().idle = 0;
                     pthread_mutex_unlock(&all().mutex);
                   });
  }
};

// A team for as long as a call lasts.
struct Session {
  Team& team;

  explicit Session(long threads) : team(Teams::all().take()) { team.gather(threads); }
  ~Session() {
    team.leave();
    Teams::all().give_back(team);
  }
};

}  // namespace keras_lstm_variants_threads_3

using keras_lstm_variants_threads_3::Ahead;
using keras_lstm_variants_threads_3::called;
using keras_lstm_variants_threads_3::Session;
using keras_lstm_variants_threads_3::Team;

// Runs a generated loop on arrays that end where their last number ends: the tests put its source
// in front of this, with the tables of its arrays, and compile both with the compiler's sanitizers.
// It reads calls from a file and writes what they give into another.

#include <stdio.h>

// Where an argument of the backward pass is from.
enum Origin { TAKEN, GIVEN, DIRECTION };

struct Size {
  bool batch, steps;  // whether its first axes count them
  long row;
  bool kept;

  long numbers(long b, long s) const { return (batch ? b : 1) * (steps ? s : 1) * row; }
};

struct Source {
  Origin origin;
  int place;
  Size size;
};

@tables@

struct Numbers {
  T* at = 0;
  long many = 0;

  // Of the right size to a byte, and NaN until something is written.
  void take(long numbers) {
    many = numbers;
    at = (T*)malloc(many * sizeof(T));
    memset((void*)at, 255, many * sizeof(T));
  }
};

static FILE *from, *to;

static void read_all(void* at, size_t bytes) {
  if (fread(at, 1, bytes, from) != bytes) exit(3);
}

static void write_all(const void* at, size_t bytes) {
  if (fwrite(at, 1, bytes, to) != bytes) exit(3);
}

static Numbers read_numbers(const Size& size, long batch, long steps) {
  Numbers one;
  one.take(size.numbers(batch, steps));
  read_all(one.at, one.many * sizeof(T));
  return one;
}

static void write_all_of(Numbers* all, int count, const Size* sizes, bool keep) {
  for (int k = 0; k < count; ++k)
    if (keep || !sizes[k].kept) write_all(all[k].at, all[k].many * sizeof(T));
}

template <class F>
static long run(F function, const long* call, const uint8_t* mask, Numbers* takes, int taken,
                Numbers* gives, int given, const Size* sizes, int keep) {
  const T** in = (const T**)malloc(taken * sizeof(T*));
  T** out = (T**)malloc(given * sizeof(T*));
  for (int k = 0; k < taken; ++k) in[k] = takes[k].at;
  for (int k = 0; k < given; ++k) {
    gives[k] = Numbers();
    if (keep || !sizes[k].kept) gives[k].take(sizes[k].numbers(call[0], call[1]));
    out[k] = gives[k].at;
  }
  const long ran = function(call[0], call[1], call[2], mask, in, out, keep);
  free(in);
  free(out);
  return ran;
}

int main(int, char** arguments) {
  from = fopen(arguments[1], "rb");
  to = fopen(arguments[2], "wb");
  if (!from || !to) return 3;
  long call[4];  // batch, steps, threads, whether there is a mask
  while (fread(call, sizeof(long), 4, from) == 4) {
    const long batch = call[0], steps = call[1];
    uint8_t* mask = call[3] ? (uint8_t*)malloc(batch * steps) : 0;
    if (mask) read_all(mask, batch * steps);
    Numbers takes[FORWARD_TAKES], briefly[FORWARD_GIVES], made[FORWARD_GIVES];
    for (int k = 0; k < FORWARD_TAKES; ++k)
      takes[k] = read_numbers(forward_takes[k], batch, steps);
    long ran[3];
    ran[0] = run(forward, call, mask, takes, FORWARD_TAKES, briefly, FORWARD_GIVES, forward_gives,
                 0);
    ran[1] = run(forward, call, mask, takes, FORWARD_TAKES, made, FORWARD_GIVES, forward_gives, 1);
    Numbers known[BACKWARD_TAKES], gradients[BACKWARD_GIVES];
    for (int k = 0; k < BACKWARD_TAKES; ++k) {
      const Source& one = backward_takes[k];
      known[k] = one.origin == TAKEN   ? takes[one.place]
                 : one.origin == GIVEN ? made[one.place]
                                       : read_numbers(one.size, batch, steps);
    }
    ran[2] = run(backward, call, mask, known, BACKWARD_TAKES, gradients, BACKWARD_GIVES,
                 backward_gives, 1);
    write_all(ran, sizeof ran);
    write_all_of(briefly, FORWARD_GIVES, forward_gives, false);
    write_all_of(made, FORWARD_GIVES, forward_gives, true);
    write_all_of(gradients, BACKWARD_GIVES, backward_gives, true);
    for (int k = 0; k < BACKWARD_TAKES; ++k)
      if (backward_takes[k].origin == DIRECTION) free(known[k].at);
    for (Numbers& one : takes) free(one.at);
    for (Numbers& one : briefly) free(one.at);
    for (Numbers& one : made) free(one.at);
    for (Numbers& one : gradients) free(one.at);
    free(mask);
  }
  return fclose(from) || fclose(to) ? 3 : 0;
}

// What the generated code of every loop needs (loop_codegen.py puts it in front): functions of
// vectors, products with packed matrices, threads.
// T is the type of the numbers, AHEAD for how many rows products are taken at once if they can be.

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SIMD _Pragma("omp simd")
#define INLINE static inline __attribute__((always_inline))
#define MEMBER inline __attribute__((always_inline))

#if defined(__AVX512F__)
enum { BYTES = 64, MOST_ROWS = 8, MORE_ROWS = 6 };
#elif defined(__AVX__)
enum { BYTES = 32, MOST_ROWS = 6, MORE_ROWS = 5 };
#else
enum { BYTES = 16, MOST_ROWS = 6, MORE_ROWS = 5 };
#endif
enum { WIDTH = BYTES / sizeof(T), PANEL = 2 * WIDTH };

typedef T vec __attribute__((vector_size(BYTES)));
typedef T loose_vec __attribute__((vector_size(BYTES), aligned(sizeof(T)), may_alias));

constexpr long PANELS(long columns) { return (columns + PANEL - 1) / PANEL * PANEL; }
constexpr long PACKED(long rows, long columns) { return rows * PANELS(columns); }
// Rows that are a multiple of 512 bytes apart share too few places of the cache.
constexpr long APART(long size) {
  long even = (size + WIDTH - 1) / WIDTH * WIDTH;
  return even * (long)sizeof(T) % 512 == 0 ? even + WIDTH : even;
}

// Functions, with the accuracy of the type; S. Moshier's Cephes library has their polynomials.

template <class To, class From> INLINE To bits(From x) {
  To y;
  memcpy(&y, &x, sizeof y);
  return y;
}

// e^x - 1 for x from -1/2 to 1/2. Polynomials are summed up in parts that do not wait for one
// another.
INLINE float expm1_within(float x) {
  const float z = x * x;
  const float low = 1.6666665459e-1f * x + 5.0000001201e-1f;
  const float middle = 8.3334519073e-3f * x + 4.1665795894e-2f;
  const float high = 1.9875691500e-4f * x + 1.3981999507e-3f;
  return ((high * z + middle) * z + low) * z + x;
}
INLINE double expm1_within(double x) {
  double z = x * x;
  double p = x * ((1.26177193074810590878e-4 * z + 3.02994407707441961300e-2) * z +
                  9.99999999999999999910e-1);
  double q = ((3.00198505138664455042e-6 * z + 2.52448340349684104192e-3) * z +
              2.27265548208155028766e-1) * z + 2.0;
  return 2 * (p / (q - p));
}

// 2^-LESS e^x where that neither overflows nor is denormal: it is 2^n e^r, and n is in the fraction
// of x / log(2) + 1.5 * 2^23.
template <int LESS = 0> INLINE float exp_within(float x) {
  float n = x * 1.44269504088896341f + 12582912.0f;
  int32_t power = bits<int32_t>(n);
  n -= 12582912.0f;
  float r = x - n * 0.693359375f + n * 2.12194440e-4f;
  return (expm1_within(r) + 1) * bits<float>((int32_t)((uint32_t)(power + 127 - LESS) << 23));
}

template <int LESS = 0> INLINE double exp_within(double x) {
  double n = x * 1.4426950408889634073599 + 6755399441055744.0;
  int64_t power = bits<int64_t>(n);
  n -= 6755399441055744.0;
  double r = x - n * 6.93145751953125e-1 - n * 1.42860682030941723212e-6;
  return (expm1_within(r) + 1) * bits<double>((int64_t)((uint64_t)(power + 1023 - LESS) << 52));
}

// x or y, without a branch: compilers make one of two branches and of all that follows them, which
// takes twice as long.
INLINE float chosen(bool first, float x, float y) {
  const int32_t all = -(int32_t)first;
  return bits<float>((bits<int32_t>(x) & all) | (bits<int32_t>(y) & ~all));
}
INLINE double chosen(bool first, double x, double y) {
  const int64_t all = -(int64_t)first;
  return bits<double>((bits<int64_t>(x) & all) | (bits<int64_t>(y) & ~all));
}

// NaN stays NaN in all of these: no comparison with it holds.
INLINE T between(T x, T low, T high) { return chosen(x > high, high, chosen(x < low, low, x)); }
INLINE float exp_(float x) {
  float y = exp_within<1>(between(x, -86.6f, 88.72283f)) * 2;
  return chosen(x > 88.72283f, INFINITY, chosen(x < -86.6f, 0.0f, y));
}
INLINE double exp_(double x) {
  double y = exp_within<1>(between(x, -707.0, 709.782712893384)) * 2;
  return chosen(x > 709.782712893384, INFINITY, chosen(x < -707.0, 0.0, y));
}

INLINE long fewer(long n, long m) { return n < m ? n : m; }
INLINE T abs_(T x) { return x < 0 ? -x : x; }
INLINE T expm1_(T x) {
  T near = expm1_within(between(x, T(-0.5), T(0.5))), far = exp_(x) - 1;
  return chosen(abs_(x) < T(0.5), near, far);
}

INLINE T larger(T x, T y) { return chosen(y != y, y, chosen(x < y, y, x)); }
INLINE T smaller(T x, T y) { return chosen(y != y, y, chosen(x > y, y, x)); }
INLINE T sign(T x) { return x > 0 ? T(1) : x < 0 ? T(-1) : x; }
INLINE float sqrt_(float x) { return sqrtf(x); }
INLINE double sqrt_(double x) { return sqrt(x); }
INLINE T sigmoid(T x) { return 1 / (1 + exp_within(between(-x, T(-87), T(87)))); }

// log(1 + x) for x from 0 to 1; x - (w - 1) is what rounding takes from 1 + x.
INLINE float log1p_within(float x) {
  float w = 1 + x, lost = (x - (w - 1)) / w;
  float e = w > 1.41421356f ? 1.0f : 0.0f, y = (w > 1.41421356f ? w * 0.5f : w) - 1, z = y * y;
  float p = 7.0376836292e-2f;
  p = p * y - 1.1514610310e-1f;
  p = p * y + 1.1676998740e-1f;
  p = p * y - 1.2420140846e-1f;
  p = p * y + 1.4249322787e-1f;
  p = p * y - 1.6668057665e-1f;
  p = p * y + 2.0000714765e-1f;
  p = p * y - 2.4999993993e-1f;
  p = p * y + 3.3333331174e-1f;
  return y + (p * y * z - 2.12194440e-4f * e - 0.5f * z) + 0.693359375f * e + lost;
}

INLINE double log1p_within(double x) {
  double w = 1 + x, lost = (x - (w - 1)) / w;
  double e = w > 1.4142135623730951 ? 1.0 : 0.0;
  double y = (w > 1.4142135623730951 ? w * 0.5 : w) - 1, z = y * y;
  double p = 1.01875663804580931796e-4;
  p = p * y + 4.97494994976747001425e-1;
  p = p * y + 4.70579119878881725854;
  p = p * y + 1.44989225341610930846e1;
  p = p * y + 1.79368678507819816313e1;
  p = p * y + 7.70838733755885391666;
  double q = y + 1.12873587189167450590e1;
  q = q * y + 4.52279145837532221105e1;
  q = q * y + 8.29875266912776603211e1;
  q = q * y + 7.11544750618563894466e1;
  q = q * y + 2.31251620126765340583e1;
  return y + (y * (z * p / q) - 2.121944400546905827679e-4 * e - 0.5 * z) + 0.693359375 * e + lost;
}

INLINE T softplus(T x) { return (x > 0 ? x : 0) + log1p_within(exp_(-abs_(x))); }

INLINE float tanh_(float x) {
  // A quotient of polynomials, that of the Eigen library.
  x = between(x, -7.90531110763549805f, 7.90531110763549805f);
  const float z = x * x, y = z * z;
  const float low = 6.37261928875436e-04f * z + 4.89352455891786e-03f;
  const float middle = 5.12229709037114e-08f * z + 1.48572235717979e-05f;
  const float high = 2.00018790482477e-13f * z - 8.60467152213735e-11f;
  const float p = ((-2.76076847742355e-16f * y + high) * y + middle) * y + low;
  const float q = (1.19825839466702e-06f * z + 1.18534705686654e-04f) * y +
                  (2.26843463243900e-03f * z + 4.89352518554385e-03f);
  return x * p / q;
}

INLINE double tanh_(double x) {
  double z = x * x;
  double p = (-9.64399179425052238628e-1 * z - 9.92877231001918586564e1) * z -
             1.61468768441708447952e3;
  double q = ((z + 1.12811678491632931402e2) * z + 2.23548839060100448583e3) * z +
             4.84406305325125486048e3;
  double small = x + x * z * (p / q);
  double a = abs_(x);
  double large = 1 - 2 / (exp_within(2 * (a > 20 ? 20 : a)) + 1);
  large = x < 0 ? -large : large;
  return a < 0.625 ? small : large;
}

// Sums and the like along a row.

template <int OUTER, int LENGTH, int INNER> INLINE void reduce_sum(const T* x, T* y) {
  for (int o = 0; o < OUTER; ++o) {
    if (INNER == 1) {
      T sum = 0;
      _Pragma("omp simd reduction(+ : sum)")
      for (int n = 0; n < LENGTH; ++n) sum += x[o * LENGTH + n];
      y[o] = sum;
      continue;
    }
    for (int i = 0; i < INNER; ++i) y[o * INNER + i] = 0;
    for (int n = 0; n < LENGTH; ++n)
      SIMD for (int i = 0; i < INNER; ++i) y[o * INNER + i] += x[(o * LENGTH + n) * INNER + i];
  }
}

template <int OUTER, int LENGTH, int INNER> INLINE void reduce_mean(const T* x, T* y) {
  reduce_sum<OUTER, LENGTH, INNER>(x, y);
  for (int i = 0; i < OUTER * INNER; ++i) y[i] /= LENGTH;
}

#define REDUCE(NAME, BETTER)                                                          \
  template <int OUTER, int LENGTH, int INNER> INLINE void NAME(const T* x, T* y) {    \
    for (int o = 0; o < OUTER; ++o)                                                   \
      for (int i = 0; i < INNER; ++i) {                                               \
        T best = x[o * LENGTH * INNER + i];                                           \
        for (int n = 1; n < LENGTH; ++n) {                                            \
          T new_ = x[(o * LENGTH + n) * INNER + i];                                   \
          best = BETTER;                                                              \
        }                                                                             \
        y[o * INNER + i] = best;                                                      \
      }                                                                               \
  }
REDUCE(reduce_max, (new_ > best || new_ != new_ ? new_ : best))
REDUCE(reduce_min, (new_ < best || new_ != new_ ? new_ : best))
REDUCE(reduce_prod, best * new_)

template <int LENGTH> INLINE void softmax(const T* x, T* y) {
  T most = x[0], sum = 0;
  for (int n = 1; n < LENGTH; ++n) most = x[n] > most ? x[n] : most;
  SIMD for (int n = 0; n < LENGTH; ++n) y[n] = exp_(x[n] - most);
  for (int n = 0; n < LENGTH; ++n) sum += y[n];
  SIMD for (int n = 0; n < LENGTH; ++n) y[n] /= sum;
}

template <int LENGTH> INLINE void cumsum(const T* x, T* y) {
  T sum = 0;
  for (int n = 0; n < LENGTH; ++n) y[n] = sum += x[n];
}

template <int LENGTH> INLINE void cumsum_exclusive(const T* x, T* y) {
  T sum = 0;
  for (int n = 0; n < LENGTH; sum += x[n++]) y[n] = sum;
}

template <int LENGTH> INLINE void cumsum_reverse(const T* x, T* y) {
  T sum = 0;
  for (int n = LENGTH; n--;) y[n] = sum += x[n];
}

template <int LENGTH> INLINE void cumsum_exclusive_reverse(const T* x, T* y) {
  T sum = 0;
  for (int n = LENGTH; n--; sum += x[n]) y[n] = sum;
}

template <int TIMES, int SIZE> INLINE void repeat(const T* x, T* y) {
  for (int u = 0; u < SIZE; ++u)
    for (int n = 0; n < TIMES; ++n) y[u * TIMES + n] = x[u];
}

template <int TIMES, int SIZE> INLINE void cycle(const T* x, T* y) {
  for (int n = 0; n < TIMES; ++n) memcpy(y + n * SIZE, x, SIZE * sizeof(T));
}

// Products. A matrix is packed into panels of PANEL columns, so that it is read straight through;
// where few rows are multiplied by it, it is read as it lies.

struct Matrix {
  const T* at;
  long apart;     // its rows
  long next;      // its panels
  const T* last;  // its last panel, packed, where `at` has columns for a part of it only; or null

  Matrix block(long number, long rows, long columns) const {
    return {at + number * PACKED(rows, columns), apart, next, last};
  }
};

// How to pack the panels of a matrix, or of several, one after the other.
struct Packing {
  const T* from;
  long rows, columns, apart;
  bool transposed;
  T* to;
  long panels;
};

static void pack(const Packing& one, long number) {
  const long panels = PANELS(one.columns) / PANEL, rows = one.rows, c = number % panels * PANEL;
  const long here = one.columns - c < PANEL ? one.columns - c : PANEL;
  const T* from = one.from + number / panels * rows * one.columns + c * (one.transposed ? rows : 1);
  T* to = one.to + number * rows * PANEL;
  if (here < PANEL) memset(to, 0, rows * PANEL * sizeof(T));
  if (one.transposed) {  // by stretches of its rows, which are columns here
    for (long r = 0; r < rows; r += PANEL)
      for (long n = 0; n < here; ++n)
        for (long k = r; k < rows && k < r + PANEL; ++k) to[k * PANEL + n] = from[n * rows + k];
  } else {
    for (long k = 0; k < rows; ++k, from += one.apart, to += PANEL)
      if (here == PANEL) memcpy(to, from, PANEL * sizeof(T));  // of a known size, without a call
      else memcpy(to, from, here * sizeof(T));
  }
}

struct Packings {
  const Packing* all;
  long count, threads;
};

static void pack_share(const void* of, long number) {
  const Packings& these = *(const Packings*)of;
  for (long k = 0; k < these.count; ++k) {
    const Packing& one = these.all[k];
    for (long p = one.panels * number / these.threads;
         p < one.panels * (number + 1) / these.threads; ++p)
      pack(one, p);
  }
}

// Where sums go: rows that are so far apart. They begin with zeros or, if they go `on`, with what
// is there; at the end, the rows of `base` are added if there are any. So it makes no difference
// whether a sum is taken in one call or in two.
struct Into {
  T* at;
  long apart;
  const T* base;
  long base_apart;
  bool on;

  MEMBER Into moved(long rows, long columns) const {
    return {at + rows * apart + columns, apart,
            base ? base + rows * base_apart + columns : 0, base_apart, on};
  }
};

// What is multiplied: rows so far apart, of numbers that are `next` to each other.
struct Left {
  const T* at;
  long apart, next, length;
};

// Where there is not room for whole vectors; not among the loops, for which registers are scarce.
static __attribute__((noinline)) void read_part(const T* at, long room, long columns, T* all) {
  for (long n = 0; n < columns; ++n) all[n] = n < room ? at[n] : 0;
}
static __attribute__((noinline)) void put_part(const T* all, const T* base, long room, T* at) {
  for (long n = 0; n < room; ++n) at[n] = base ? base[n] + all[n] : all[n];
}

// Sums of so many rows times as many columns of matrices.
template <int ROWS, int VECS> struct Sums {
  vec sum[ROWS][VECS];

  MEMBER Sums(const Into& into, long room) {
    for (int r = 0; r < ROWS; ++r) {
      const T* at = into.at + r * into.apart;
      T all[VECS * WIDTH];
      if (into.on && room < VECS * WIDTH) {
        read_part(at, room, VECS * WIDTH, all);
        at = all;
      }
      for (int v = 0; v < VECS; ++v)
        sum[r][v] = into.on ? *(const loose_vec*)(at + v * WIDTH) : vec{};
    }
  }
  MEMBER void add(const Left& left, long down, const T* __restrict b, long ldb) {
    const long apart = left.apart, next = left.next;
    // With one pointer to eight rows, places of some are not in registers: a quarter slower.
    const T *a = left.at + down * apart, *further = a + 4 * apart;
    for (long k = 0; k < left.length; ++k, a += next, further += next, b += ldb)
      for (int r = 0; r < ROWS; ++r) {
        T x = r < 4 ? a[r * apart] : further[(r - 4) * apart];
        for (int v = 0; v < VECS; ++v) sum[r][v] += x * *(const loose_vec*)(b + v * WIDTH);
      }
  }
  // Puts as many columns as there is room for.
  MEMBER void put(const Into& into, long room) const {
    for (int r = 0; r < ROWS; ++r) {
      const Into row = into.moved(r, 0);
      if (room >= VECS * WIDTH) {
        for (int v = 0; v < VECS; ++v) {
          vec whole = sum[r][v];
          if (row.base) whole += *(const loose_vec*)(row.base + v * WIDTH);
          *(loose_vec*)(row.at + v * WIDTH) = whole;
        }
      } else {
        T all[VECS * WIDTH];  // a memcpy of the sums would have them all in memory
        for (int v = 0; v < VECS; ++v) *(loose_vec*)(all + v * WIDTH) = sum[r][v];
        put_part(all, row.base, room, row.at);
      }
    }
  }
};

// One factor after the other: rows, and the panel of a matrix.
struct Factors {
  Left left;
  const T* b;
  long ldb;
};

template <int ROWS, int VECS>
INLINE long some(long done, const Factors* these, int count, const Into& into, long room) {
  const Into here = into.moved(done, 0);
  Sums<ROWS, VECS> sums(here, room);
  for (int k = 0; k < count; ++k) sums.add(these[k].left, done, these[k].b, these[k].ldb);
  sums.put(here, room);
  return done + ROWS;
}

// As even parts as there is code for: few rows do not keep a processor busy. A compiler takes its
// time for each number of them.
template <int VECS>
static __attribute__((noinline)) void panel(long rows, const Factors* these, int count,
                                            const Into& into, long room) {
  for (long done = 0; done < rows;) {
    const long left = rows - done, parts = (left + MOST_ROWS - 1) / MOST_ROWS;
    const long even = (left + parts - 1) / parts;
    if (even > MORE_ROWS && left >= MOST_ROWS)
      done = some<MOST_ROWS, VECS>(done, these, count, into, room);
    else if (even > 4 && left >= MORE_ROWS)
      done = some<MORE_ROWS, VECS>(done, these, count, into, room);
    else if (left >= 4) done = some<4, VECS>(done, these, count, into, room);
    else if (left >= 2) done = some<2, VECS>(done, these, count, into, room);
    else done = some<1, VECS>(done, these, count, into, room);
  }
}

// Products with one packed panel of each matrix, of which so many columns count; further ones are
// put, too, where there is room for them.
static void panel(long rows, const Factors* these, int count, long columns, const Into& into,
                  long room) {
  if (columns > WIDTH) panel<2>(rows, these, count, into, room);
  else panel<1>(rows, these, count, into, room);
}

// The sum of the products of rows with so many matrices.
template <int COUNT>
static void products(long rows, const Left (&left)[COUNT], const Matrix (&b)[COUNT], long columns,
                     const Into& into, long room) {
  long p = 0;
  bool lying = rows == 1;  // matrices that are not packed
  for (int k = 0; k < COUNT; ++k) lying &= b[k].next == PANEL;
  if (lying)  // by longer stretches of their rows
    for (; p + 4 * PANEL <= columns; p += 4 * PANEL) {
      const Into here = into.moved(0, p);
      Sums<1, 8> sums(here, 4 * PANEL);
      for (int k = 0; k < COUNT; ++k) sums.add(left[k], 0, b[k].at + p, b[k].apart);
      sums.put(here, 4 * PANEL);
    }
  for (; p < columns; p += PANEL) {
    Factors these[COUNT];
    for (int k = 0; k < COUNT; ++k) {
      const bool packed = columns - p < PANEL && b[k].last;
      these[k] = {left[k], packed ? b[k].last : b[k].at + p / PANEL * b[k].next,
                  packed ? PANEL : b[k].apart};
    }
    panel(rows, these, COUNT, columns - p, into.moved(0, p), room - p);
  }
}
static void product(long rows, const T* a, long lda, const Matrix& b, long length, long columns,
                    const Into& into, long room) {
  products<1>(rows, {{a, lda, 1, length}}, {b}, columns, into, room);
}

INLINE void copy(T* to, const T* from, long numbers) { memcpy(to, from, numbers * sizeof(T)); }

// Asks for a row before it is needed.
INLINE void fetch(const T* from, long numbers) {
  for (long n = 0; n < numbers; n += 64 / sizeof(T)) __builtin_prefetch(from + n);
}

enum { MOST_AHEAD = 1 << 24 };  // numbers that are computed of x ahead of the steps

struct Call {
  long batch, steps;
  const uint8_t* mask;
  const T* const* in;
  T* const* out;
  bool keep;
  const Matrix* packs;
  double* sums;  // of all threads
  long each;     // sequences of a thread
  Team* team;    // which computes products of x ahead, if there is one sequence only; or null
};

static T* aligned(size_t numbers) {
  void* memory = 0;
  if (posix_memalign(&memory, 64, (numbers + 1) * sizeof(T))) abort();
  return (T*)memory;
}

// A matrix of weights as products will read it: packed, unless it is for one sequence, which would
// not pay. `packing` says what is still to do, and what to free.
static Matrix matrix(const T* from, int blocks, long rows, long columns, bool transposed,
                     long sequences, Packing* packing) {
  const long panels = PANELS(columns) / PANEL, whole = columns / PANEL;
  if (transposed || blocks > 1 || sequences > 1) {
    T* const to = aligned(blocks * PACKED(rows, columns));
    *packing = {from, rows, columns, columns, transposed, to, blocks * panels};
    return {to, PANEL, rows * PANEL, 0};
  }
  T* const last = whole < panels ? aligned(rows * PANEL) : 0;
  *packing = {from + whole * PANEL, rows, columns - whole * PANEL, columns, false, last,
              panels - whole};
  return {from, columns, PANEL, last};
}

// The gradients of weights: left^T d, summed over all steps of all sequences.

enum { BLOCK = 128 };  // so many steps are copied to where they are near

// A row for each step of each sequence or, with `first`, that of the step before.
struct Rows {
  const T* at;
  long apart;
  const T* first;
  long first_apart, steps;

  const T* row(long n) const {
    if (!first) return at + n * apart;
    return n % steps ? at + (n - 1) * apart : first + n / steps * first_apart;
  }
};

struct Weights {
  Rows left, d;
  long rows, columns;
  T* out;
  bool add;  // to what an earlier one has put there
};

// The panels of columns of each matrix are shared out among threads, always in the same way: what is
// added up has one writer.
struct Gradients {
  const Weights* of;
  long count, batch, steps, threads;
};

static void gradients_share(const void* of, long number) {
  const Gradients& all = *(const Gradients*)of;
  const long rows = all.batch * all.steps;
  long most = 0;
  for (long w = 0; w < all.count; ++w)
    if (all.of[w].rows > most) most = all.of[w].rows;
  T* const left = aligned(BLOCK * (APART(most) + PANEL));
  T* const d = left + BLOCK * APART(most);
  for (long w = 0; w < all.count; ++w) {
    const Weights& one = all.of[w];
    const long panels = PANELS(one.columns) / PANEL, ld = APART(one.rows);
    const long begin = panels * number / all.threads * PANEL;
    const long end = panels * (number + 1) / all.threads * PANEL;
    for (long n = 0; begin < end && n < rows; n += BLOCK) {
      const long length = rows - n < BLOCK ? rows - n : BLOCK;
      for (long k = 0; k < length; ++k) copy(left + k * ld, one.left.row(n + k), one.rows);
      for (long p = begin; p < end; p += PANEL) {
        const long columns = one.columns - p < PANEL ? one.columns - p : PANEL;
        for (long k = 0; k < length; ++k) {
          const T* row = one.d.row(n + k) + p;
          for (long c = 0; c < PANEL; ++c) d[k * PANEL + c] = c < columns ? row[c] : 0;
        }
        T* const out = one.out + p;
        const Into into = {out, one.columns, n || one.add ? out : 0, one.columns};
        const Factors these = {{left, 1, ld, length}, d, PANEL};
        panel(one.rows, &these, 1, columns, into, columns);
      }
    }
    if (rows == 0 && number == 0) memset(one.out, 0, one.rows * one.columns * sizeof(T));
  }
  free(left);
}

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
enum { BYTES = 64, MOST_ROWS = 8 };
#elif defined(__AVX__)
enum { BYTES = 32, MOST_ROWS = 6 };
#else
enum { BYTES = 16, MOST_ROWS = 6 };
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

// e^x - 1 for x from -1/2 to 1/2.
INLINE float expm1_within(float x) {
  float p = 1.9875691500e-4f;
  p = p * x + 1.3981999507e-3f;
  p = p * x + 8.3334519073e-3f;
  p = p * x + 4.1665795894e-2f;
  p = p * x + 1.6666665459e-1f;
  p = p * x + 5.0000001201e-1f;
  return p * x * x + x;
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

// NaN stays NaN in all of these: no comparison with it holds.
INLINE float between(float x, float low, float high) { return x < low ? low : x > high ? high : x; }
INLINE double between(double x, double low, double high) {
  return x < low ? low : x > high ? high : x;
}
INLINE float exp_(float x) {
  float y = exp_within<1>(between(x, -86.6f, 88.72283f)) * 2;
  return x < -86.6f ? 0.0f : x > 88.72283f ? INFINITY : y;
}
INLINE double exp_(double x) {
  double y = exp_within<1>(between(x, -707.0, 709.782712893384)) * 2;
  return x < -707.0 ? 0.0 : x > 709.782712893384 ? INFINITY : y;
}

INLINE long fewer(long n, long m) { return n < m ? n : m; }
INLINE T abs_(T x) { return x < 0 ? -x : x; }
INLINE T expm1_(T x) {
  T near = expm1_within(between(x, T(-0.5), T(0.5))), far = exp_(x) - 1;
  return abs_(x) < T(0.5) ? near : far;
}

// Two choices one after the other: compilers make no vectors of `x < y || y != y ? y : x`.
INLINE T larger(T x, T y) {
  T most = x < y ? y : x;
  return y != y ? y : most;
}
INLINE T smaller(T x, T y) {
  T least = x > y ? y : x;
  return y != y ? y : least;
}
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
  float z = x * x;
  float p = -2.76076847742355e-16f;
  p = p * z + 2.00018790482477e-13f;
  p = p * z - 8.60467152213735e-11f;
  p = p * z + 5.12229709037114e-08f;
  p = p * z + 1.48572235717979e-05f;
  p = p * z + 6.37261928875436e-04f;
  p = p * z + 4.89352455891786e-03f;
  float q = 1.19825839466702e-06f;
  q = q * z + 1.18534705686654e-04f;
  q = q * z + 2.26843463243900e-03f;
  q = q * z + 4.89352518554385e-03f;
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

static void pack(const T* from, int blocks, long rows, long columns, long apart, bool transposed,
                 T* to) {
  const long row = transposed ? 1 : apart, column = transposed ? rows : 1;
  for (int b = 0; b < blocks; ++b, from += rows * columns)
    for (long c = 0; c < columns; c += PANEL, to += rows * PANEL) {
      const T* corner = from + c * column;
      const long here = columns - c < PANEL ? columns - c : PANEL;
      // A transposed matrix is read by stretches of its rows, which are columns here.
      const long stretch = transposed ? 2 * WIDTH : 1;
      for (long r = 0; r < rows; r += stretch) {
        const long end = rows - r < stretch ? rows : r + stretch;
        for (long n = 0; n < PANEL; ++n)
          for (long k = r; k < end; ++k)
            to[k * PANEL + n] = n < here ? corner[k * row + n * column] : 0;
      }
    }
}

// Sums of so many rows of a times as many columns of b; `next` is how far a row's numbers are apart.
template <int ROWS, int VECS> struct Sums {
  vec sum[ROWS][VECS];

  MEMBER Sums(const T* __restrict a, long lda, long next, const T* __restrict b, long ldb,
              long length) {
    for (int r = 0; r < ROWS; ++r)
      for (int v = 0; v < VECS; ++v) sum[r][v] = vec{};
    for (long k = 0; k < length; ++k, a += next, b += ldb)
      for (int r = 0; r < ROWS; ++r) {
        T x = a[r * lda];
        for (int v = 0; v < VECS; ++v) sum[r][v] += x * *(const loose_vec*)(b + v * WIDTH);
      }
  }
  // Puts as many columns as there is room for, or adds them to what is there.
  MEMBER void put(T* c, long ldc, long room, bool add) const {
    for (int r = 0; r < ROWS; ++r, c += ldc) {
      if (room >= VECS * WIDTH) {
        for (int v = 0; v < VECS; ++v) {
          loose_vec* to = (loose_vec*)(c + v * WIDTH);
          *to = add ? *to + sum[r][v] : sum[r][v];
        }
      } else {
        T all[VECS * WIDTH];
        memcpy(all, sum[r], sizeof all);
        for (long n = 0; n < room; ++n) c[n] = add ? c[n] + all[n] : all[n];
      }
    }
  }
};

template <int VECS>
static __attribute__((noinline)) void panel(long rows, const T* a, long lda, long next, const T* b,
                                            long ldb, long length, T* c, long ldc, long room,
                                            bool add) {
  for (; rows >= MOST_ROWS; rows -= MOST_ROWS, a += MOST_ROWS * lda, c += MOST_ROWS * ldc)
    Sums<MOST_ROWS, VECS>(a, lda, next, b, ldb, length).put(c, ldc, room, add);
  // What is left, by halves: a compiler takes its time for each number of rows.
  for (; rows >= 4; rows -= 4, a += 4 * lda, c += 4 * ldc)
    Sums<4, VECS>(a, lda, next, b, ldb, length).put(c, ldc, room, add);
  for (; rows >= 2; rows -= 2, a += 2 * lda, c += 2 * ldc)
    Sums<2, VECS>(a, lda, next, b, ldb, length).put(c, ldc, room, add);
  if (rows) Sums<1, VECS>(a, lda, next, b, ldb, length).put(c, ldc, room, add);
}

// c = a b, or c += a b, for one packed panel of b, of which so many columns count; further ones are
// put, too, where c has room for them.
static void panel(long rows, const T* a, long lda, long next, const T* b, long ldb, long length,
                  long columns, T* c, long ldc, long room, bool add) {
  if (columns > WIDTH) panel<2>(rows, a, lda, next, b, ldb, length, c, ldc, room, add);
  else panel<1>(rows, a, lda, next, b, ldb, length, c, ldc, room, add);
}
// c = a b for so many rows.
static void product(long rows, const T* a, long lda, const Matrix& b, long length, long columns,
                    T* c, long ldc, long room) {
  long p = 0;
  if (rows == 1 && b.next == PANEL)  // by longer stretches of its rows
    for (; p + 4 * PANEL <= columns; p += 4 * PANEL)
      Sums<1, 8>(a, lda, 1, b.at + p, b.apart, length).put(c + p, ldc, 4 * PANEL, false);
  for (; p < columns; p += PANEL) {
    const bool packed = columns - p < PANEL && b.last;
    panel(rows, a, lda, 1, packed ? b.last : b.at + p / PANEL * b.next, packed ? PANEL : b.apart,
          length, columns - p, c + p, ldc, room - p, false);
  }
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

// A matrix of weights as products read it: packed, unless it is for one sequence, which would not
// pay. `memory` is what to free.
static Matrix matrix(const T* from, int blocks, long rows, long columns, bool transposed,
                     long sequences, T** memory) {
  const long panels = PANELS(columns), whole = columns / PANEL * PANEL;
  if (transposed || blocks > 1 || sequences > 1) {
    *memory = aligned(blocks * PACKED(rows, columns));
    pack(from, blocks, rows, columns, columns, transposed, *memory);
    return {*memory, PANEL, rows * PANEL, 0};
  }
  *memory = 0;
  if (whole < columns) {
    *memory = aligned(rows * (panels - whole));
    pack(from + whole, 1, rows, columns - whole, columns, false, *memory);
  }
  return {from, columns, PANEL, *memory};
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
        panel(one.rows, left, 1, ld, d, PANEL, length, columns, one.out + p, one.columns, columns,
              n || one.add);
      }
    }
    if (rows == 0 && number == 0) memset(one.out, 0, one.rows * one.columns * sizeof(T));
  }
  free(left);
}

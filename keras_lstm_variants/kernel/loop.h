// What every generated loop needs: functions of vectors, products with packed matrices, threads.
// T is the type of the numbers, TILE how many sequences go through the steps together.

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SIMD _Pragma("omp simd")
#define INLINE static inline __attribute__((always_inline))

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

// 2^-LESS e^x where that neither overflows nor is denormal: it is 2^n e^r, and n is in the fraction
// of x / log(2) + 1.5 * 2^23.
template <int LESS = 0> INLINE float exp_within(float x) {
  float n = x * 1.44269504088896341f + 12582912.0f;
  int32_t power = bits<int32_t>(n);
  n -= 12582912.0f;
  float r = x - n * 0.693359375f + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return (p * r * r + r + 1) * bits<float>((int32_t)((uint32_t)(power + 127 - LESS) << 23));
}

template <int LESS = 0> INLINE double exp_within(double x) {
  double n = x * 1.4426950408889634073599 + 6755399441055744.0;
  int64_t power = bits<int64_t>(n);
  n -= 6755399441055744.0;
  double r = x - n * 6.93145751953125e-1 - n * 1.42860682030941723212e-6, z = r * r;
  double p = r * ((1.26177193074810590878e-4 * z + 3.02994407707441961300e-2) * z +
                  9.99999999999999999910e-1);
  double q = ((3.00198505138664455042e-6 * z + 2.52448340349684104192e-3) * z +
              2.27265548208155028766e-1) * z + 2.0;
  return (1 + 2 * (p / (q - p))) * bits<double>((int64_t)((uint64_t)(power + 1023 - LESS) << 52));
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

INLINE T abs_(T x) { return x < 0 ? -x : x; }
INLINE T sign(T x) { return x > 0 ? T(1) : x < 0 ? T(-1) : x; }
INLINE float sqrt_(float x) { return sqrtf(x); }
INLINE double sqrt_(double x) { return sqrt(x); }
INLINE T sigmoid(T x) { return 1 / (1 + exp_within(between(-x, T(-87), T(87)))); }
INLINE T softplus(T x) { return (x > 0 ? x : 0) + log1p(exp_(-abs_(x))); }

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

// Products. A matrix is packed into panels of PANEL columns, so that it is read straight through.

static void pack(const T* from, int blocks, long rows, long columns, bool transposed, T* to) {
  for (int b = 0; b < blocks; ++b, from += rows * columns)
    for (long c = 0; c < columns; c += PANEL) {
      long here = columns - c < PANEL ? columns - c : PANEL;
      for (long r = 0; r < rows; ++r, to += PANEL)
        for (long n = 0; n < PANEL; ++n)
          to[n] = n >= here ? 0 : transposed ? from[(c + n) * rows + r] : from[r * columns + c + n];
    }
}

template <int ROWS>
INLINE void panel(const T* __restrict a, long lda, const T* __restrict b, long length,
                  T* __restrict c, long ldc) {
  vec sum[ROWS][2] = {};
  for (long k = 0; k < length; ++k, b += PANEL) {
    vec b0 = *(const vec*)b, b1 = *(const vec*)(b + WIDTH);
    for (int r = 0; r < ROWS; ++r) {
      T x = a[r * lda + k];
      sum[r][0] += x * b0;
      sum[r][1] += x * b1;
    }
  }
  for (int r = 0; r < ROWS; ++r) {
    *(loose_vec*)(c + r * ldc) = sum[r][0];
    *(loose_vec*)(c + r * ldc + WIDTH) = sum[r][1];
  }
}

// c = a b for so many rows, b packed. Columns of c are written up to the end of the last panel.
static __attribute__((noinline)) void product(long rows, const T* a, long lda, const T* b,
                                              long length, long columns, T* c, long ldc) {
  for (long p = 0; p < columns; p += PANEL, b += PANEL * length) {
    long r = 0;
    for (; r + MOST_ROWS <= rows; r += MOST_ROWS)
      panel<MOST_ROWS>(a + r * lda, lda, b, length, c + r * ldc + p, ldc);
    const T* x = a + r * lda;
    T* y = c + r * ldc + p;
    switch (rows - r) {
      case 1: panel<1>(x, lda, b, length, y, ldc); break;
      case 2: panel<2>(x, lda, b, length, y, ldc); break;
      case 3: panel<3>(x, lda, b, length, y, ldc); break;
      case 4: panel<4>(x, lda, b, length, y, ldc); break;
      case 5: panel<5>(x, lda, b, length, y, ldc); break;
#if defined(__AVX512F__)
      case 6: panel<6>(x, lda, b, length, y, ldc); break;
      case 7: panel<7>(x, lda, b, length, y, ldc); break;
#endif
    }
  }
}

INLINE void copy(T* to, const T* from, long numbers) { memcpy(to, from, numbers * sizeof(T)); }

// Asks for a row before it is needed.
INLINE void fetch(const T* from, long numbers) {
  for (long n = 0; n < numbers; n += 64 / sizeof(T)) __builtin_prefetch(from + n);
}

// Threads: each takes some of the sequences through all steps.

struct Call {
  long batch, steps;
  const uint8_t* mask;
  const T* const* in;
  T* const* out;
  bool keep;
  T** packs;
  double* sums;  // of this thread
};
struct Share {
  Call call;
  long first, end;
  void (*run)(const Call&, long, long);
};

static void* run_share(void* share) {
  Share* s = (Share*)share;
  s->run(s->call, s->first, s->end);
  return 0;
}

// Returns how many threads took part: the caller adds up their sums.
static long run_threads(const Call& call, long threads, long sums, double* all_sums,
                        void (*run)(const Call&, long, long)) {
  long each = (call.batch + threads - 1) / threads;
  long n = each ? (call.batch + each - 1) / each : 0;
  Share* shares = new Share[n];
  pthread_t* ids = new pthread_t[n];
  bool* started = new bool[n]();
  for (long t = n; t--;) {
    long end = (t + 1) * each;
    shares[t] = {call, t * each, end < call.batch ? end : call.batch, run};
    shares[t].call.sums = all_sums + t * sums;
    // If no thread can be had, its share is taken here.
    if (t == 0 || pthread_create(&ids[t], 0, run_share, &shares[t])) run_share(&shares[t]);
    else started[t] = true;
  }
  for (long t = 0; t < n; ++t)
    if (started[t]) pthread_join(ids[t], 0);
  delete[] shares;
  delete[] ids;
  delete[] started;
  return n;
}

static T* aligned(size_t numbers) {
  void* memory = 0;
  if (posix_memalign(&memory, 64, (numbers + 1) * sizeof(T))) abort();
  return (T*)memory;
}

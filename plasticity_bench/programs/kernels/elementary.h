// Elementary functions with the same bits on every processor.
//
// They are computed in double precision by additions, multiplications and divisions only, which IEEE
// 754 rounds equally everywhere; the compiler is told not to contract them. Loops over them have no
// branches, so that the compiler can vectorise them at any width.

#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

namespace elementary {

constexpr double INF = std::numeric_limits<double>::infinity();
constexpr double ROUNDING = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer
constexpr double LN2_HIGH = 6.93147180369123816490e-01, LN2_LOW = 1.90821492927058770002e-10;

inline int64_t bits(double x) { int64_t b; std::memcpy(&b, &x, 8); return b; }
inline double from_bits(int64_t b) { double x; std::memcpy(&x, &b, 8); return x; }

inline double exp(double x) {
  double c = x < -708.0 ? -708.0 : x;
  c = c > 709.0 ? 709.0 : c;
  const double shifted = c * 1.44269504088896338700 + ROUNDING, k = shifted - ROUNDING;
  const double r = (c - k * LN2_HIGH) - k * LN2_LOW;
  double p = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  const int64_t exponent = (bits(shifted) - bits(ROUNDING) + 1023) << 52;
  double y = p * from_bits(exponent);
  y = x > 709.0 ? INF : y;
  y = x < -708.0 ? 0.0 : y;
  return x == x ? y : x;
}

// log(x) of a normal number; -inf of 0, NaN below it.
inline double log(double x) {
  int64_t b = bits(x);
  // Exponent and mantissa in [sqrt(1/2), sqrt(2)).
  const int64_t offset = b - 0x3fe6a09e667f3bcdLL;
  const uint64_t biased = (uint64_t)(offset + (1024LL << 52)) >> 52;  // exponent + 1024
  const double e = from_bits((int64_t)(biased | 0x4330000000000000ULL)) - (4503599627370496.0 + 1024.0);
  const double m = from_bits(b - (((int64_t)biased - 1024) << 52));
  const double s = (m - 1.0) / (m + 1.0), z = s * s;
  double p = 1.0 / 21.0;
  p = p * z + 1.0 / 19.0;
  p = p * z + 1.0 / 17.0;
  p = p * z + 1.0 / 15.0;
  p = p * z + 1.0 / 13.0;
  p = p * z + 1.0 / 11.0;
  p = p * z + 1.0 / 9.0;
  p = p * z + 1.0 / 7.0;
  p = p * z + 1.0 / 5.0;
  p = p * z + 1.0 / 3.0;
  const double twice = 2.0 * s;
  double y = e * LN2_HIGH + (twice + (twice * z * p + e * LN2_LOW));
  y = x == INF ? x : y;
  y = x == 0.0 ? -INF : y;
  y = x < 0.0 ? std::numeric_limits<double>::quiet_NaN() : y;
  return x == x ? y : x;
}

// sin (quarter = 0) or cos (quarter = 1) of x, accurate to float32 for |x| up to 10^6. Beyond, where
// neighbours in float32 are 0.06 and more apart, it is only within [-1, 1].
inline double sine(double x, int64_t quarter) {
  const double shifted = x * 0.63661977236758134308 + ROUNDING, k = shifted - ROUNDING;
  const double r = ((x - k * 1.57079632673412561417e+00) - k * 6.07710050630396597660e-11) -
                   k * 2.02226624879595063154e-21;
  const double z = r * r;
  double s = -1.0 / 1307674368000.0;
  s = s * z + 1.0 / 6227020800.0;
  s = s * z - 1.0 / 39916800.0;
  s = s * z + 1.0 / 362880.0;
  s = s * z - 1.0 / 5040.0;
  s = s * z + 1.0 / 120.0;
  s = s * z - 1.0 / 6.0;
  s = s * z * r + r;
  double c = 1.0 / 20922789888000.0;
  c = c * z - 1.0 / 87178291200.0;
  c = c * z + 1.0 / 479001600.0;
  c = c * z - 1.0 / 3628800.0;
  c = c * z + 1.0 / 40320.0;
  c = c * z - 1.0 / 720.0;
  c = c * z + 1.0 / 24.0;
  c = c * z - 0.5;
  c = c * z + 1.0;
  const int64_t turn = bits(shifted) + quarter;
  double y = (turn & 1) ? c : s;
  y = (turn & 2) ? -y : y;
  y = y > 1.0 ? 1.0 : y;
  y = y < -1.0 ? -1.0 : y;
  return x - x == 0.0 ? y : std::numeric_limits<double>::quiet_NaN();
}

inline double tanh(double x) {
  const double a = x < 0.0 ? -x : x, t = exp(-2.0 * a);
  double y = (1.0 - t) / (1.0 + t);
  y = a < 1e-4 ? a * (1.0 - a * a * (1.0 / 3.0)) : y;
  y = x < 0.0 ? -y : y;
  return x == x ? y : x;
}

inline double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }

// Fitted to scipy.special.erf on [0, 1] and scipy.special.erfcx on [1, 4.5]; the relative error is
// below 1e-13, far below float32's.
inline double erf(double x) {
  const double a = x < 0.0 ? -x : x, u = a < 1.0 ? a * a : 1.0;
  double p = -8.0047403935583231e-10;
  p = p * u + 1.3834184315017716e-08;
  p = p * u - 1.6234707735822075e-07;
  p = p * u + 1.645071225635365e-06;
  p = p * u - 1.492498042887461e-05;
  p = p * u + 0.00012055305656411435;
  p = p * u - 0.00085483262449382853;
  p = p * u + 0.0052239776104699709;
  p = p * u - 0.026866170643382693;
  p = p * u + 0.11283791670945001;
  p = p * u - 0.37612638903183443;
  p = p * u + 1.1283791670955121;
  const double w = a < 1.0 ? 1.0 : a > 4.5 ? 4.5 : a, t = (w - 2.4) / (w + 2.4);
  const double low = -0.4117647058823529, high = 0.30434782608695654;
  const double s = (2.0 * t - (low + high)) / (high - low);
  double q = -9.6205936141930908e-14;
  q = q * s + 3.0026545719581339e-12;
  q = q * s + 4.1269992213554678e-11;
  q = q * s + 1.414638491515863e-12;
  q = q * s - 2.0046451027790545e-09;
  q = q * s - 3.9628018933810912e-09;
  q = q * s + 1.0050798563499902e-07;
  q = q * s + 2.4577943163945066e-07;
  q = q * s - 6.5865646376901583e-06;
  q = q * s + 1.7849315799263687e-06;
  q = q * s + 0.00053866625728067553;
  q = q * s - 0.0057272666996344779;
  q = q * s + 0.034742300539316998;
  q = q * s - 0.14682414599397398;
  q = q * s + 0.23975971143834993;
  double y = a < 1.0 ? a * p : 1.0 - exp(-w * w) * q;
  y = a > 4.5 ? 1.0 : y;
  y = x < 0.0 ? -y : y;
  return x == x ? y : x;
}

inline double expm1(double x) {
  const double a = x < 0.0 ? -x : x;
  return a < 1e-5 ? x + x * x * 0.5 : exp(x) - 1.0;
}

inline double log1p(double x) {
  const double a = x < 0.0 ? -x : x;
  return a < 1e-9 ? x : log(1.0 + x);
}

template <class T>
inline T remainder(T u, T v) {
  if constexpr (std::is_same_v<T, int64_t>) {
    if (v == 0) return 0;
    const T w = u % v;
    return w != 0 && (w < 0) != (v < 0) ? w + v : w;
  } else {
    const T w = std::fmod(u, v);
    return w != 0 && (w < 0) != (v < 0) ? w + v : w;
  }
}

// x to the power y; whole exponents by repeated squaring.
inline double pow(double x, double y) {
  if (y != y || x != x) return y == 0.0 ? 1.0 : x + y;
  const double a = y < 0.0 ? -y : y;
  if (a <= 1048576.0 && a == std::floor(a)) {
    double result = 1.0, factor = x;
    for (int64_t n = (int64_t)a; n > 0; n >>= 1) {
      if (n & 1) result = result * factor;
      factor = factor * factor;
    }
    return y < 0.0 ? 1.0 / result : result;
  }
  if (x < 0.0) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0.0) return y > 0.0 ? 0.0 : INF;
  return exp(y * log(x));
}

}  // namespace elementary

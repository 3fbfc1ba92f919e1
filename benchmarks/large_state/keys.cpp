// Records whose keys are met by chance: keys FILE EVENTS KEYS uniform|ALPHA [SEED]
//
// Writes EVENTS lines of NDJSON in order of time, a microsecond apart, at most a day of them. Each has a key of [0,
// KEYS), drawn uniformly or by Zipf's law with the exponent ALPHA (0 < ALPHA, not 1), by rejection (W. Hörmann, G.
// Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions", 1996). Ranks are
// scattered over the keys, so that frequent keys are not neighbours.
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {  // splitmix64
    uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }
  /// 0 < x < 1.
  double fraction() { return (static_cast<double>(next() >> 11) + 0.5) * 0x1p-53; }

 private:
  uint64_t state_;
};

class Zipf {
 public:
  Zipf(uint64_t count, double alpha) : alpha_(alpha), first_(integral(1.5) - 1), last_(integral(count + 0.5)) {}
  uint64_t draw(Random& random) const {
    while (true) {
      const double u = last_ + random.fraction() * (first_ - last_);
      const double x = inverse(u);
      const double rank = std::floor(x + 0.5);
      if (rank - x <= 0.5 - 1e-9 && u >= integral(rank + 0.5) - std::pow(rank, -alpha_))
        return static_cast<uint64_t>(rank) - 1;
    }
  }

 private:
  double integral(double x) const { return std::pow(x, 1 - alpha_) / (1 - alpha_); }
  double inverse(double u) const { return std::pow(u * (1 - alpha_), 1 / (1 - alpha_)); }
  double alpha_, first_, last_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: keys FILE EVENTS KEYS uniform|ALPHA [SEED]\n");
    return 2;
  }
  const uint64_t events = std::strtoull(argv[2], nullptr, 10), keys = std::strtoull(argv[3], nullptr, 10);
  const bool uniform = std::string_view(argv[4]) == "uniform";
  Random random(argc > 5 ? std::strtoull(argv[5], nullptr, 10) : 1);
  const Zipf zipf(keys, uniform ? 0.5 : std::atof(argv[4]));
  std::FILE* out = std::fopen(argv[1], "w");
  if (out == nullptr || keys == 0) return 1;
  std::string text;
  for (uint64_t event = 0; event < events; ++event) {
    const uint64_t rank = uniform ? random.next() % keys : zipf.draw(random);
    constexpr uint64_t kPrime = 2'654'435'761;  // so each rank has a key of its own
    const uint64_t key = rank * kPrime % keys;
    char line[96];
    const auto second = static_cast<unsigned>(event / 1'000'000), micros = static_cast<unsigned>(event % 1'000'000);
    const int size = std::snprintf(line, sizeof(line),
                                   R"({"key":%llu,"value":%u,"at":"2026-01-01T%02u:%02u:%02u.%06uZ"})"
                                   "\n",
                                   static_cast<unsigned long long>(key), micros % 1000, second / 3600 % 24,
                                   second / 60 % 60, second % 60, micros);
    text.append(line, static_cast<size_t>(size));
    if (text.size() > 1 << 20) {
      if (std::fwrite(text.data(), 1, text.size(), out) != text.size()) return 1;
      text.clear();
    }
  }
  const bool written = std::fwrite(text.data(), 1, text.size(), out) == text.size();
  return std::fclose(out) == 0 && written ? 0 : 1;
}

#include "compiler/typed/promises.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "runtime/data/time_text.h"
#include "runtime/data/value.h"

namespace braid::typed {
namespace {

constexpr std::string_view kWords[] = {"",       "fresh", "latency", "unique",     "complete",
                                       "volume", "state", "keep",    "compatible", "check"};

std::string length(int64_t us) {
  return to_literal(duration_type(), Value{us});
}

double share(const CompletePromise& one) {
  return std::strtod(one.percent.c_str(), nullptr);
}

bool covers(const LatencyPromise& promised, const LatencyPromise& expected) {
  return promised.below_us <= expected.below_us;
}
bool covers(const UniquePromise& promised, const UniquePromise& expected) {
  return !promised.within_us || (expected.within_us && *promised.within_us >= *expected.within_us);
}
bool covers(const CompletePromise& promised, const CompletePromise& expected) {
  return share(promised) >= share(expected);
}
bool covers(const VolumePromise& promised, const VolumePromise& expected) {
  return promised.least >= expected.least && promised.most <= expected.most;
}

bool alike(const LatencyPromise& a, const LatencyPromise& b) {
  return a.quantile == b.quantile;
}
bool alike(const UniquePromise& a, const UniquePromise& b) {
  return a.fields == b.fields;
}
bool alike(const CompletePromise& a, const CompletePromise& b) {
  return a.fields == b.fields;
}
bool alike(const VolumePromise& a, const VolumePromise& b) {
  return a.period_us == b.period_us;
}

std::string place(const LatencyPromise& one) {
  return one.quantile;
}
std::string place(const UniquePromise& one) {
  return names_text(one.fields);
}
std::string place(const CompletePromise& one) {
  return names_text(one.fields);
}
std::string place(const VolumePromise&) {
  return {};
}

template <class Promise>
void compare(PromiseKind kind, const std::vector<Promise>& expected, const std::vector<Promise>& promised,
             std::vector<Shortfall>& found) {
  for (const Promise& wanted : expected) {
    const Promise* nearest = nullptr;
    bool covered = false;
    for (const Promise& one : promised) {
      if (!alike(one, wanted)) continue;
      nearest = &one;
      covered |= covers(one, wanted);
    }
    if (!covered) found.push_back({kind, place(wanted), text_of(wanted), nearest == nullptr ? "" : text_of(*nearest)});
  }
}

}  // namespace

std::optional<double> share_of(std::string_view quantile) {
  constexpr size_t kMostDigits = 6;
  if (!quantile.starts_with('p')) return std::nullopt;
  const std::string digits(quantile.substr(1));
  if (digits == "100") return 1;
  if (digits.empty() || digits.size() > kMostDigits || digits.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  // Of one digit the hundredth part, as of two; more digits are further ones.
  const double share = std::strtod(((digits.size() == 1 ? "0.0" : "0.") + digits).c_str(), nullptr);
  return share > 0 ? std::optional(share) : std::nullopt;
}

std::string fresh_text(int64_t us) {
  return "fresh within " + length(us);
}
std::string state_text(int64_t bytes) {
  // In the largest unit that it is a multiple of.
  static constexpr const char* kUnits[] = {"KB", "MB", "GB", "TB"};
  size_t unit = 0;
  int64_t count = bytes >> 10;
  for (; unit + 1 < std::size(kUnits) && count % 1024 == 0; ++unit) count >>= 10;
  return fmt::format("state <= {}{}", count, kUnits[unit]);
}
std::string text_of(const LatencyPromise& promise) {
  return fmt::format("latency {} < {}", promise.quantile, length(promise.below_us));
}
std::string text_of(const UniquePromise& promise) {
  return fmt::format("unique {}{}", names_text(promise.fields),
                     promise.within_us ? " within " + length(*promise.within_us) : "");
}
std::string text_of(const CompletePromise& promise) {
  return fmt::format("complete {}{}>= {}%", names_text(promise.fields), promise.fields.empty() ? "" : " ",
                     promise.percent);
}
std::string text_of(const VolumePromise& promise) {
  return fmt::format("volume {}..{} per {}", promise.least, promise.most, length(promise.period_us));
}

void add(const Expectation& more, Expectation& to) {
  const auto append = [](const auto& list, auto& target) { target.insert(target.end(), list.begin(), list.end()); };
  const auto least = [](std::optional<int64_t> a, std::optional<int64_t> b) {
    return a && b ? std::min(*a, *b) : a ? a : b;
  };
  const auto most = [](std::optional<int64_t> a, std::optional<int64_t> b) {
    return a && b ? std::max(*a, *b) : a ? a : b;
  };
  to.promises.fresh_us = least(to.promises.fresh_us, more.promises.fresh_us);
  to.promises.state_bytes = least(to.promises.state_bytes, more.promises.state_bytes);
  to.promises.keep_us = most(to.promises.keep_us, more.promises.keep_us);
  append(more.promises.latencies, to.promises.latencies);
  append(more.promises.completes, to.promises.completes);
  append(more.promises.volumes, to.promises.volumes);
  append(more.uniques, to.uniques);
  append(more.checks, to.checks);
}

std::string_view word_of(PromiseKind kind) {
  return kWords[static_cast<size_t>(kind)];
}

std::string names_text(const std::vector<std::vector<std::string>>& paths) {
  std::vector<std::string> names;
  for (const std::vector<std::string>& path : paths) names.push_back(fmt::format("{}", fmt::join(path, ".")));
  return fmt::format("{}", fmt::join(names, ", "));
}

std::vector<Shortfall> shortfalls(const Expectation& expected, const Promises& promised,
                                  const std::vector<UniquePromise>& promised_unique) {
  std::vector<Shortfall> found;
  const Promises& wanted = expected.promises;
  if (wanted.fresh_us && (!promised.fresh_us || *promised.fresh_us > *wanted.fresh_us))
    found.push_back({PromiseKind::fresh,
                     {},
                     fresh_text(*wanted.fresh_us),
                     promised.fresh_us ? fresh_text(*promised.fresh_us) : ""});
  compare(PromiseKind::latency, wanted.latencies, promised.latencies, found);
  compare(PromiseKind::unique, expected.uniques, promised_unique, found);
  compare(PromiseKind::complete, wanted.completes, promised.completes, found);
  compare(PromiseKind::volume, wanted.volumes, promised.volumes, found);
  if (wanted.keep_us && (!promised.keep_us || *promised.keep_us < *wanted.keep_us))
    found.push_back({PromiseKind::keep,
                     {},
                     "keep " + length(*wanted.keep_us),
                     promised.keep_us ? "keep " + length(*promised.keep_us) : ""});
  return found;
}

std::optional<int64_t> end_of(const Deprecation& deprecated) {
  int64_t us = 0;
  if (parse_timestamp_literal(deprecated.until, &us)) return us;
  int32_t days = 0;
  if (parse_date(deprecated.until, &days)) return days * int64_t{86'400'000'000};
  return std::nullopt;
}

}  // namespace braid::typed

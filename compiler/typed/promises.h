// What the contract of a product promises beside its rows' checks, what a reader expects of it, and when a version of
// it ends. Plain values; pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace braid::typed {

/// `latency p99 < 2s`: of that share of the records, from event time until they are visible.
struct LatencyPromise {
  std::string quantile;  ///< as written: "p99"
  int64_t below_us;
  friend bool operator==(const LatencyPromise&, const LatencyPromise&) = default;
};
/// Of "p99" 0.99, of "p999" 0.999, of "p100" 1; none if it is nothing of the kind, or 0.
std::optional<double> share_of(std::string_view quantile);

/// `complete email >= 99.5%`: the share of rows in which none of the fields is null.
struct CompletePromise {
  std::vector<std::vector<std::string>> fields;  ///< as names; empty: of the rows that are expected at all
  std::string percent;                           ///< as written: "99.5"
  friend bool operator==(const CompletePromise&, const CompletePromise&) = default;
};
/// `volume 100..5000 per 1h`: rows in each such period of event time.
struct VolumePromise {
  int64_t least, most;
  int64_t period_us;
  friend bool operator==(const VolumePromise&, const VolumePromise&) = default;
};

/// `unique id within 1d`, as others see it.
struct UniquePromise {
  std::vector<std::vector<std::string>> fields;  ///< paths of names
  std::optional<int64_t> within_us;              ///< absent: for ever
  friend bool operator==(const UniquePromise&, const UniquePromise&) = default;
};

/// `unchecked "orphans" because "…"`: a rule that others state of the product and nobody runs here.
struct UncheckedRule {
  std::string rule, reason;
  friend bool operator==(const UncheckedRule&, const UncheckedRule&) = default;
};

struct Promises {
  std::optional<int64_t> fresh_us;
  std::vector<LatencyPromise> latencies;
  std::vector<CompletePromise> completes;
  std::vector<VolumePromise> volumes;
  std::optional<int64_t> state_bytes;
  std::optional<int64_t> keep_us;
  friend bool operator==(const Promises&, const Promises&) = default;
};

/// What a reader's `expect` names.
struct Expectation {
  Promises promises;
  std::vector<UniquePromise> uniques;
  std::vector<std::string> checks;  ///< by name
  friend bool operator==(const Expectation&, const Expectation&) = default;
};

/// All that both ask for.
void add(const Expectation& more, Expectation& to);

enum class PromiseKind { none, fresh, latency, unique, complete, volume, state, keep, compatible, check };
/// "fresh".
std::string_view word_of(PromiseKind kind);

/// What is expected and not promised.
struct Shortfall {
  PromiseKind kind;
  std::string where;     ///< quantile or fields, where there may be several; else empty
  std::string expected;  ///< "fresh within 5m"
  std::string promised;  ///< "fresh within 1h"; empty: nothing of the kind
};
/// In the order of the kinds. A promise covers what expects as much or less.
std::vector<Shortfall> shortfalls(const Expectation& expected, const Promises& promised,
                                  const std::vector<UniquePromise>& promised_unique);

/// "fresh within 5m", "state <= 2GB".
std::string fresh_text(int64_t us);
std::string state_text(int64_t bytes);
/// As contracts say it: "latency p99 < 2s".
std::string text_of(const LatencyPromise& promise);
std::string text_of(const UniquePromise& promise);
std::string text_of(const CompletePromise& promise);
std::string text_of(const VolumePromise& promise);

/// "id, window.start".
std::string names_text(const std::vector<std::vector<std::string>>& paths);

/// `deprecated until @2026-12-31 for version 2`.
struct Deprecation {
  std::string until;  ///< as written, without `@`
  std::optional<int64_t> successor;
  friend bool operator==(const Deprecation&, const Deprecation&) = default;
};

/// The instant from which on the version is not to be read, in µs since 1970; a day begins at midnight UTC. Nothing if
/// `until` cannot be read.
std::optional<int64_t> end_of(const Deprecation& deprecated);

/// `migrate from version 1 { select … }`.
struct Migration {
  int64_t from = 0;   ///< the earlier version
  std::string steps;  ///< as written, a line each, without what indents all of them
  friend bool operator==(const Migration&, const Migration&) = default;
};

}  // namespace braid::typed

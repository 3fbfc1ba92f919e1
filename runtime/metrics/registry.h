// Counters, gauges and histograms by name and labels.
//
// A family is declared once, with its help and the names of its labels; its series are made when they are first asked
// for, and stay where they are for as long as the registry. Threads: one thread updates a series, any thread reads it,
// without locks; families and series may be made on any thread. Values that are read at one time need not be of one
// moment.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// Only grows.
class Counter {
 public:
  void add(double by = 1) { value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed); }
  /// Of something that is counted elsewhere. A smaller value than the last one is ignored.
  void raise_to(double value) {
    if (value > value_.load(std::memory_order_relaxed)) value_.store(value, std::memory_order_relaxed);
  }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_ = 0;
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_ = 0;
};

/// How often values were at most so large.
class Histogram {
 public:
  /// `bounds` ascend; the last bucket, without a bound, is added.
  explicit Histogram(std::vector<double> bounds);
  void observe(double value);

  const std::vector<double>& bounds() const { return bounds_; }
  /// By bucket, not cumulated; one more than there are bounds.
  std::vector<uint64_t> counts() const;
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::vector<std::atomic<uint64_t>> counts_;
  std::atomic<double> sum_ = 0;
};

enum class MetricKind { counter, gauge, histogram };

struct MetricSpec {
  std::string_view name;  ///< as Prometheus has it; counters end in `_total`
  MetricKind kind;
  std::string_view help;
  std::vector<std::string_view> labels = {};
  std::vector<double> bounds = {};  ///< of a histogram
};

class MetricRegistry {
 public:
  using Labels = std::initializer_list<std::string_view>;

  class Family {
   public:
    struct Series {
      std::vector<std::string> labels;  ///< values, valid UTF-8; an empty one is as if it were not there
      Counter counter;                  ///< by the family's kind, one of the three is used
      Gauge gauge;
      std::optional<Histogram> histogram;
    };

    explicit Family(const MetricSpec& spec);
    /// The series of these label values, as many as the family has labels; made if it is new.
    Counter& counter(Labels labels = {});
    Gauge& gauge(Labels labels = {});
    Histogram& histogram(Labels labels = {});

    const std::string& name() const { return name_; }
    MetricKind kind() const { return kind_; }
    const std::string& help() const { return help_; }
    const std::vector<std::string>& label_names() const { return label_names_; }
    void for_each(const std::function<void(const Series&)>& visit) const;

   private:
    Series& series(Labels labels);

    std::string name_;
    MetricKind kind_;
    std::string help_;
    std::vector<std::string> label_names_;
    std::vector<double> bounds_;
    mutable std::mutex making_;
    std::deque<Series> series_;
    std::map<std::vector<std::string>, Series*> by_labels_;
  };

  /// Each name once.
  Family& declare(const MetricSpec& spec);
  /// In the order in which they were declared.
  void for_each(const std::function<void(const Family&)>& visit) const;

 private:
  mutable std::mutex making_;
  std::deque<Family> families_;
};

}  // namespace braid

#include "runtime/metrics/registry.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/data/text_forms.h"

namespace braid {
namespace {

/// A label is text; names of files may be any bytes.
std::string label_text(std::string_view value) {
  if (is_utf8(value)) return std::string(value);
  std::string text;
  for (const char c : value) {
    if (static_cast<unsigned char>(c) < 0x80)
      text += c;
    else
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return text;
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

void Histogram::observe(double value) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  std::atomic<uint64_t>& count = counts_[static_cast<size_t>(bucket)];
  sum_.store(sum_.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
  count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

std::vector<uint64_t> Histogram::counts() const {
  std::vector<uint64_t> counts;
  for (const std::atomic<uint64_t>& count : counts_) counts.push_back(count.load(std::memory_order_relaxed));
  return counts;
}

MetricRegistry::Family::Family(const MetricSpec& spec)
    : name_(spec.name),
      kind_(spec.kind),
      help_(spec.help),
      label_names_(spec.labels.begin(), spec.labels.end()),
      bounds_(spec.bounds) {
  BRAID_CHECK(std::is_sorted(bounds_.begin(), bounds_.end()));
  BRAID_CHECK((kind_ == MetricKind::counter) == name_.ends_with("_total"), "a counter's name ends in _total");
}

MetricRegistry::Family::Series& MetricRegistry::Family::series(Labels labels) {
  BRAID_CHECK(labels.size() == label_names_.size());
  std::vector<std::string> values;
  for (const std::string_view value : labels) values.push_back(label_text(value));
  const std::lock_guard lock(making_);
  Series*& found = by_labels_[values];
  if (found != nullptr) return *found;
  found = &series_.emplace_back();
  if (kind_ == MetricKind::histogram) found->histogram.emplace(bounds_);
  found->labels = std::move(values);
  return *found;
}

Counter& MetricRegistry::Family::counter(Labels labels) {
  BRAID_CHECK(kind_ == MetricKind::counter);
  return series(labels).counter;
}

Gauge& MetricRegistry::Family::gauge(Labels labels) {
  BRAID_CHECK(kind_ == MetricKind::gauge);
  return series(labels).gauge;
}

Histogram& MetricRegistry::Family::histogram(Labels labels) {
  BRAID_CHECK(kind_ == MetricKind::histogram);
  return *series(labels).histogram;
}

void MetricRegistry::Family::for_each(const std::function<void(const Series&)>& visit) const {
  const std::lock_guard lock(making_);
  for (const Series& each : series_) visit(each);
}

MetricRegistry::Family& MetricRegistry::declare(const MetricSpec& spec) {
  const std::lock_guard lock(making_);
  for (const Family& family : families_) BRAID_CHECK(family.name() != spec.name, "a metric is declared twice");
  return families_.emplace_back(spec);
}

void MetricRegistry::for_each(const std::function<void(const Family&)>& visit) const {
  const std::lock_guard lock(making_);
  for (const Family& family : families_) visit(family);
}

}  // namespace braid

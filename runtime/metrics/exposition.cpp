#include "runtime/metrics/exposition.h"

#include <cmath>

namespace braid {
namespace {

std::string_view kind_name(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter:
      return "counter";
    case MetricKind::gauge:
      return "gauge";
    case MetricKind::histogram:
      return "histogram";
  }
  return "untyped";
}

std::string escaped(std::string_view text, bool quotes) {
  std::string made;
  for (const char c : text) {
    if (c == '\\')
      made += "\\\\";
    else if (c == '\n')
      made += "\\n";
    else if (c == '"' && quotes)
      made += "\\\"";
    else
      made += c;
  }
  return made;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  constexpr double kExact = 1e15;  // whole numbers that a double holds, without an exponent
  if (value == std::floor(value) && std::abs(value) < kExact) return fmt::format("{}", static_cast<int64_t>(value));
  return fmt::format("{}", value);
}

/// OpenMetrics: the bound of a bucket is a float, so that 1 and 1.0 are one bucket.
std::string bound_text(double bound, MetricFormat format) {
  std::string text = number(bound);
  if (format == MetricFormat::open_metrics && text.find_first_of(".eI") == std::string::npos) text += ".0";
  return text;
}

class Writer {
 public:
  Writer(const MetricRegistry::Family& family, MetricFormat format, std::string& out)
      : family_(family), format_(format), out_(out) {}

  void write() {
    std::string_view name = family_.name();
    constexpr std::string_view kTotal = "_total";
    const bool open = format_ == MetricFormat::open_metrics;
    // There a family of counters has the name without `_total`, which only its samples have.
    if (open && family_.kind() == MetricKind::counter) name.remove_suffix(kTotal.size());
    out_ += fmt::format("# HELP {} {}\n", name, escaped(family_.help(), open));
    out_ += fmt::format("# TYPE {} {}\n", name, kind_name(family_.kind()));
    family_.for_each([this](const Series& series) { write(series); });
  }

 private:
  using Series = MetricRegistry::Family::Series;

  void write(const Series& series) {
    switch (family_.kind()) {
      case MetricKind::counter:
        return sample("", series, "", series.counter.value());
      case MetricKind::gauge:
        return sample("", series, "", series.gauge.value());
      case MetricKind::histogram:
        break;
    }
    uint64_t count = 0;
    const std::vector<uint64_t> counts = series.histogram->counts();
    for (size_t i = 0; i < counts.size(); ++i) {
      count += counts[i];
      const std::vector<double>& bounds = series.histogram->bounds();
      const std::string bound = i < bounds.size() ? bound_text(bounds[i], format_) : "+Inf";
      sample("_bucket", series, "le=\"" + bound + "\"", static_cast<double>(count));
    }
    sample("_sum", series, "", series.histogram->sum());
    sample("_count", series, "", static_cast<double>(count));
  }

  void sample(std::string_view suffix, const Series& series, const std::string& last_label, double value) {
    std::string labels;
    for (size_t i = 0; i < series.labels.size(); ++i) {
      if (series.labels[i].empty()) continue;
      if (!labels.empty()) labels += ',';
      labels += fmt::format("{}=\"{}\"", family_.label_names()[i], escaped(series.labels[i], true));
    }
    if (!last_label.empty()) labels += (labels.empty() ? "" : ",") + last_label;
    out_ += family_.name();
    out_ += suffix;
    if (!labels.empty()) out_ += "{" + labels + "}";
    out_ += " " + number(value) + "\n";
  }

  const MetricRegistry::Family& family_;
  MetricFormat format_;
  std::string& out_;
};

}  // namespace

std::string metrics_text(const MetricRegistry& registry, MetricFormat format) {
  std::string out;
  registry.for_each([&](const MetricRegistry::Family& family) { Writer(family, format, out).write(); });
  if (format == MetricFormat::open_metrics) out += "# EOF\n";
  return out;
}

std::string_view metrics_content_type(MetricFormat format) {
  return format == MetricFormat::open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                              : "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace braid

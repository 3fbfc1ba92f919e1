// A registry as text: the format 0.0.4 of Prometheus, and OpenMetrics 1.0. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "runtime/metrics/registry.h"

namespace braid {

enum class MetricFormat { prometheus, open_metrics };

/// All families, also those without series, in the order in which they were declared.
std::string metrics_text(const MetricRegistry& registry, MetricFormat format);
/// The Content-Type of that text.
std::string_view metrics_content_type(MetricFormat format);

}  // namespace braid

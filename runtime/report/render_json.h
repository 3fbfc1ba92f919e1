// A diagnostic for tools: one JSON object, arguments typed, places as byte offsets and as line and column.
#pragma once

#include <string>

#include "runtime/report/diagnostic.h"
#include "runtime/report/record_place.h"
#include "runtime/report/source_set.h"

namespace braid {

/// One line without its end. Keys: code, name, severity, message, arguments, labels, notes, fixes.
std::string render_json(const Diagnostic& diagnostic, const SourceSet& sources);

/// The same with `record`: source, partition, position, line, bytes (text, or base64 in `bytes_base64` if not UTF-8).
std::string render_json(const Diagnostic& diagnostic, const RecordPlace& place, const SourceSet& sources);

}  // namespace braid

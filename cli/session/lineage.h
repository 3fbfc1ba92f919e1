// The lineage of a session's project, in the forms that `braid lineage` has.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/session/session.h"

namespace braid::cli {

/// "text", "dot", "svg", "json", "openlineage".
std::vector<std::string> lineage_formats();
/// Of "payments.captured", "captured" or "captured.amount". Reports and gives nothing if there is no such thing.
/// `down`: what is made of it, instead of what it is made of. `now_us`: of an event.
std::optional<std::string> lineage_text(Session& session, const std::string& name, const std::string& format, bool down,
                                        int64_t now_us);

}  // namespace braid::cli

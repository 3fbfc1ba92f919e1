// The lineage of a session's project, in the forms that `braid lineage` has.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/session/session.h"
#include "mesh/lineage/run_event.h"

namespace braid::cli {

/// "text", "dot", "svg", "json", "openlineage".
std::vector<std::string> lineage_formats();
/// Of "payments.captured", "captured" or "captured.amount". Reports and gives nothing if there is no such thing.
/// `down`: what is made of it, instead of what it is made of. `now_us`: of an event.
std::optional<std::string> lineage_text(Session& session, const std::string& name, const std::string& format, bool down,
                                        int64_t now_us);
/// The flows of these products as a job runs them, for events of its runs. `streaming`: it follows its inputs.
std::vector<mesh::DescribedFlow> described_flows(const Session& session, const std::vector<typed::RelationId>& products,
                                                 bool streaming);

}  // namespace braid::cli

// Rows of products as examples for those who look for them: what a reader outside all grants may see, and no more.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/session/publication_drafts.h"
#include "cli/session/session.h"

namespace braid::cli {

struct Samples {
  /// By version_name: rows as JSON, a line each, `rows` at most.
  std::map<std::string, std::string> texts;
  /// Products of which nobody may show a row to everybody.
  std::vector<LeftOut> left_out;
};

/// Runs the products of the project on the inputs of its default environment, without a store, and keeps the first rows
/// of each; of a table those that it has then. Each field is masked that any reader has masked, and rows that only a
/// `where` grants are not there (access::plan_for_nobody), whatever `to` writes. Of topics the newest offsets are read.
/// False: something is not there or cannot be read, which is reported.
bool take_samples(Session& session, int64_t rows, Samples& samples);

}  // namespace braid::cli

// What the tests of this folder share: small scripts made in memory and checked as the command checks them.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "compiler/typed/project.h"
#include "runtime/report/source_set.h"

namespace braid {

/// A script and what became of it.
struct CheckedScript {
  SourceSet sources;
  typed::Project project;
  std::string errors;  ///< as a terminal shows them; empty if the script is right
};

CheckedScript check_text(const std::string& text);

/// The relation of that name in the only domain; it must be there.
const typed::Relation& relation_of(const typed::Project& project, const std::string& name);
/// The row that the only `expect` of the only test states.
const typed::TestRow& expected_row(const typed::Project& project);

}  // namespace braid

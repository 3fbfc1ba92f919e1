// Where in a row labels stand.
#pragma once

#include <map>

#include "compiler/check/field_marks.h"

namespace braid::checking {

/// The labels at a field and at the parts of its structs, by paths of field indexes: sorted, each once.
std::map<std::vector<int>, std::vector<std::string>> labelled_paths(const RowMarks& marks, int field);

}  // namespace braid::checking

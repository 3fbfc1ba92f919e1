#include "serve/duckdb/column_source.h"

#include <set>

namespace braid::serve::duck {

void ColumnSource::tell_names_apart() {
  std::set<std::string> taken(names.begin(), names.end());
  std::set<std::string> seen;
  for (std::string& name : names) {
    const std::string wanted = name;
    for (int number = 1; !seen.insert(name).second; ++number)
      if (const std::string other = fmt::format("{}_{}", wanted, number); !taken.contains(other)) name = other;
  }
}

SqlError too_long(uint64_t most) {
  return {SqlError::Kind::too_much,
          fmt::format("the answer is longer than {} MB; take fewer rows with `limit`, or columns", most >> 20)};
}

}  // namespace braid::serve::duck

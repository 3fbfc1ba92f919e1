// States of aggregates that lie one after the other in a stored row, of a step whose aggregates have changed: those
// that stay keep their states, others begin empty or are gone. Of aggregates without sets of values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/base/result.h"
#include "runtime/engine/row_conversion.h"
#include "runtime/state/blob_pool.h"
#include "runtime/state/wire.h"

namespace braid {

/// Of forms of aggregates (StateForm) and what each means (StateParts): which ones are the same. None: none of them is,
/// or some state of them cannot be read over.
std::optional<KeptAggregates> kept_aggregates(const std::vector<std::string>& stored,
                                              const std::vector<uint64_t>& parts_stored,
                                              const std::vector<std::string>& now,
                                              const std::vector<uint64_t>& parts_now);
/// Whether states of all of them are stored so; `row`: that they are over.
bool can_convert(const std::vector<AggregateSpec>& aggregates, const std::vector<Field>& row);

class AggregateConverter {
 public:
  /// Both outlive it. `row`: that `aggregates`, those of the program, are over.
  AggregateConverter(const KeptAggregates& kept, const Renumbering& numbers,
                     const std::vector<AggregateSpec>& aggregates, const std::vector<Field>& row);
  ~AggregateConverter();
  /// The states, which are all that is left of `in`, as those of the program.
  Result<std::string> convert(WireReader& in);

 private:
  class State;
  void renumber(size_t aggregate, std::string& state) const;

  const KeptAggregates& kept_;
  const Renumbering& numbers_;
  std::vector<bool> chooses_;  ///< of the aggregates before: those that choose a row
  BlobPool pool_;
  std::vector<std::unique_ptr<State>> before_;
  std::vector<std::string> empty_;
};

}  // namespace braid

// Each row goes on with what a service answers (runtime/lookup). One to one and without state: time, watermark, record
// and order stay. Rows for which there is nothing, or no answer, leave.
#pragma once

#include <string_view>
#include <vector>

#include "runtime/lookup/lookups.h"
#include "runtime/operators/operator.h"

namespace braid {

class LookupNode : public OperatorNode {
 public:
  explicit LookupNode(const Services& services);
  void take(int input, const Block& block, std::vector<Block>& out) override;

 protected:
  /// What a row goes on with.
  struct Given {
    Answer::Kind kind = Answer::Kind::nothing;
    std::string_view content;  ///< as Answer::content; until the turn is over
  };
  /// Of each row of the block. False: the turn has failed, which is noted.
  virtual bool give(const Block& block, std::span<Given> given);
  /// What the row asks; false: an argument is null.
  bool question_of(const Block& block, uint32_t row, Question& question) const;

  const LookupOperator& content_;

 private:
  void put_answers(const Block& block, std::span<const uint32_t> kept, std::span<const Given> given,
                   std::vector<Block>& out);

  const ServiceSpec& spec_;
  std::vector<Leaf> leaves_;         ///< of the output row
  std::vector<Leaf> before_leaves_;  ///< of the fields before the arguments
  struct Argument {
    Type type;  ///< not optional
    uint32_t first = 0;
    bool optional = false;  ///< the leaf `first` says whether there is one
  };
  std::vector<Argument> arguments_;
};

}  // namespace braid

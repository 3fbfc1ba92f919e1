// From a source's bytes to its rows: what its declaration and binding say about decoding, as the codec wants to hear
// it, its `from` kernel, and the row-by-row steps directly behind it. All of that needs nothing but the record, and can
// be done before the record's turn comes.
#pragma once

#include "runtime/abi/program.h"
#include "runtime/codec/decoder.h"
#include "runtime/codec/turn_cutter.h"
#include "runtime/connect/source.h"
#include "runtime/connect/topic_turn.h"
#include "runtime/operators/rows.h"
#include "runtime/time/edge_time.h"

namespace braid {

Format format_of(const std::string& name);
/// Whether the records of a topic are decoded one by one (TurnInput::messages), and not as lines.
bool records_are_messages(const Binding& binding);
DecodePlan decode_plan(const SourceSpec& source);
/// The first part of a path that begins at the change, as `$.source.ts_us`, and not at its row.
inline constexpr std::string_view kChangeItself = "$";
/// Where a field of a declaration is in a change. `side`: the row `before` or `after`.
std::vector<std::string> path_in_change(std::vector<std::string> path, std::string_view side);
/// How its records are told apart.
RecordForm record_form(const SourceSpec& source);

/// A turn as it is before time and accounts look at it. Memory is the arena's and the turn's bytes.
struct SourceRows {
  /// A row that the `from` kernel did not let through.
  struct Refused {
    uint32_t record;  ///< index into `records`
    uint32_t site;
    RowReason reason;
  };
  std::span<Record> records;
  std::vector<Block> blocks;
  std::vector<RejectedRecord> rejected;
  std::vector<Refused> refused;
  uint32_t passed = 0;  ///< records that say nothing new, and count nowhere
  /// By record: 1, it is of an erased subject. It moves time as always, and nobody gets it. Empty: none is.
  std::span<const uint8_t> erased = {};
  /// What a step directly behind the source makes of the blocks.
  struct Step {
    int op;
    std::vector<RowsNode::Made> made;  ///< by block
  };
  std::vector<Step> ahead;
  /// Of an exchange: what became of time in the tasks that send, behind these rows. Blocks have their watermarks then.
  struct Front {
    uint32_t number;
    uint64_t epoch;
    EdgeTime time;
  };
  std::vector<Front> fronts;
};

/// Whether a record without a value deletes its key.
bool takes_deletes(const SourceSpec& source);
/// What the records of a source that is bound to a topic are like.
TopicForm topic_form(const SourceSpec& source);

/// The records of a turn that was joined of them: each is what it was when it came.
void name_given_records(std::span<const GivenRecord> given, DecodedTurn& decoded);

/// How the records of a turn came, for rows that have that with them.
struct RecordsCame {
  int64_t reading = 0;                      ///< of the clock, in their turn
  std::span<const GivenRecord> given = {};  ///< of a topic, all of them
};
SourceRows run_from(const SourceSpec& source, DecodedTurn turn, const RecordsCame& came, Arena& arena,
                    CallContext& call);

}  // namespace braid

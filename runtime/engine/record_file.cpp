#include "runtime/engine/record_file.h"

#include "runtime/connect/source.h"

namespace braid {

Status read_record_file(Fs& fs, const std::string& path, const DecodePlan& plan, Arena& arena,
                        const RecordFileReader& reader) {
  BRAID_ASSIGN(const std::unique_ptr<SourcePartition> partition, open_partition(fs, path, record_form(plan)));
  const std::unique_ptr<Decoder> decoder = make_decoder(plan);
  TurnBuffer buffer;
  PartitionPosition position;
  while (true) {
    BRAID_ASSIGN(const std::optional<SourceTurn> turn, partition->next_turn(position, buffer));
    if (!turn) return {};
    arena.reset();
    const DecodedTurn decoded = decoder->decode({.bytes = turn->bytes,
                                                 .position = position.position,
                                                 .first_line = position.line,
                                                 .long_record_bytes = turn->long_record_bytes},
                                                arena);
    position = turn->end;
    if (!decoded.rejected.empty()) {
      const RejectedRecord& first = decoded.rejected.front();
      return reader.refuse(decoded.records[first.record], first.diagnostic.message);
    }
    for (const Block& block : decoded.blocks) BRAID_TRY(reader.take(block, *decoder));
  }
}

}  // namespace braid

// The inputs of a job: the partitions of every source, where each has been read to, and the choice of the next turn.
// A partition keeps its ordinal for ever; files found later come behind those known. Partitions of topics are found
// when a job starts. One thread.
//
// A file that is renamed while another takes its name (rotation) is read to its end under its old name, and the other
// one is a partition of its own, `NAME#2`. A file is known by the hash of what was read last, so this also holds for
// what was renamed between two runs, as long as it stays in its folder.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/connect/source.h"
#include "runtime/connect/topic_source.h"
#include "runtime/engine/turn_engine.h"
#include "runtime/state/store.h"
#include "runtime/state/wire.h"

namespace braid {

/// How far a partition has been read, as a store has it.
struct StoredInput {
  std::string name;
  PartitionPosition position;
  uint64_t fingerprint = 0;
  uint32_t generation = 1;
  bool finished = false;
  /// Of all files with that name.
  std::string first_name() const { return name.substr(0, name.rfind(suffix(generation))); }
  static std::string suffix(uint32_t generation) { return generation == 1 ? "" : "#" + std::to_string(generation); }
};
/// In the order of their ordinals.
Result<std::vector<StoredInput>> read_stored_inputs(const SourceSpec& source, StateStore& store);

class JobInputs {
 public:
  struct Partition {
    int source = 0;
    uint32_t ordinal = 0;
    /// Of a file: relative to the project if it is in it, otherwise absolute; with `#2` of a second. "topic/partition".
    std::string name;
    std::string path;         ///< under which its file was found
    uint32_t generation = 1;  ///< of files with this name
    FileInfo file;            ///< what was found there
    bool finishing = false;   ///< nothing more comes
    bool finished = false;    ///< and all of it has been read: it has no reader
    std::unique_ptr<SourcePartition> reader;
    std::string header;               ///< of a partition that is not read from its start
    PartitionPosition begin;          ///< of its first record
    PartitionPosition position;       ///< behind the last turn that was run
    bool known = false;               ///< of an earlier run, and read on from there
    bool first_seen = false;          ///< in this run, and in no record of an epoch yet
    std::optional<int64_t> turn_end;  ///< the next turn has been run before, and ended there
    bool exhausted = false;           ///< read to its end
    int64_t quiet_since = 0;          ///< steady clock, when it was first found exhausted
    bool changed = true;              ///< since the last commit
    int64_t records = 0;              ///< found by this run
    int64_t bytes = 0;                ///< of them
  };

  struct Nature {
    bool complete = true;  ///< nothing will be added, so last records need no line end
    bool live = false;     ///< files come and grow while the job runs
  };
  /// `root`: JobOptions::root.
  JobInputs(Fs& fs, const Program& program, Nature nature, std::string root = {})
      : fs_(fs), program_(program), nature_(nature), root_(std::move(root)) {}
  /// Before open(), where a source is bound to a topic. It outlives the inputs.
  void read_topics(const TopicAccess& access) { topics_ = &access; }

  /// Finds and opens all partitions; those of an earlier run must still be what was read.
  Status open(StateStore& store);
  /// Behind open(): all that takes turns is read from where that store has read it to, under the ordinals that it has.
  /// What the store does not know is read from its first record, and is not `known`.
  Status go_back_to(StateStore& store);
  /// They stay where they are in memory; new ones come behind them.
  std::deque<Partition>& partitions() { return partitions_; }
  const std::deque<Partition>& partitions() const { return partitions_; }
  /// Null: there is none.
  Partition* find(uint32_t source, uint32_t ordinal);
  /// Of live inputs: files that are new. They are partitions from then on.
  Result<std::vector<Partition*>> find_new();
  /// Of live inputs: partitions at their end that have got more.
  Result<std::vector<Partition*>> find_grown();
  /// Of live inputs, behind find_new(): partitions at their end, silent since `quiet_since` or longer, whose file has
  /// no name any more that the job reads. Their last record is read, too, and then they are finished.
  std::vector<Partition*> find_replaced(int64_t quiet_since);
  /// The next to take a turn: of those not exhausted the one with the lowest watermark, those without event time before
  /// all that have one; ties by source, then partition.
  Partition* choose(const TurnEngine& engine);
  /// What a partition has behind its position; none: not known.
  struct Lag {
    std::optional<uint64_t> bytes, records;
  };
  Lag lag(const Partition& partition) const;
  /// All of one static table, in order.
  std::vector<Partition*> table_partitions(int source);
  /// Whether the next record waits for its schema, which is a warning then.
  bool waits(const Partition& partition);
  /// The bytes of a partition's next turn; none at its end. Valid until the next call.
  Result<std::optional<SourceTurn>> read(Partition& partition);
  /// It has been run: the partition stands behind it.
  void pass(Partition& partition, const SourceTurn& turn);
  /// Its end has been reached. `header`: of a CSV partition, if one was found.
  void note_end(const Partition& partition, std::string_view header);
  /// What of the inputs is not read as records, or only seems to be; one for each such partition.
  const std::vector<Diagnostic>& warnings() const { return warnings_; }
  /// Positions and fingerprints.
  Status collect(StateBatch& batch);

 private:
  using Stored = StoredInput;
  static std::string suffix(uint32_t generation) { return StoredInput::suffix(generation); }
  Status open_source(int source, StateStore& store);
  using FileSet = std::set<std::pair<uint64_t, uint64_t>>;  ///< by device and inode
  /// Where the files of known partitions are now, no file twice; nothing: a file that is no partition any more.
  Result<std::vector<std::optional<std::string>>> find_known(
      int source, const std::vector<Stored>& stored, const std::vector<std::pair<std::string, std::string>>& found);
  /// Where a file lies that was read that far and is none of `taken`: at `path`, or renamed beside it; nothing:
  /// nowhere.
  Result<std::optional<std::string>> find_moved(int source, const Stored& stored, const std::string& path,
                                                const FileSet& taken);
  /// Whether a partition of the source reads that file, which is found at `path`.
  Result<bool> is_read(int source, const std::string& path, const FileInfo& file);
  const Partition* newest_of(int source, const std::string& first_name) const;
  /// The files, or partitions of a topic, of a source that there are: path by name, in the order in which they are
  /// numbered.
  Result<std::vector<std::pair<std::string, std::string>>> find_files(const SourceSpec& spec);
  Status open_topic(Partition& partition, const Stored* stored);
  /// Of a file: checks that what was read is what it was, and finds what has to be known of it.
  Status go_on_behind(Partition& partition, const Stored& stored);
  /// The next partition of the source. `stored`: how far it was read before.
  Status add(int source, const std::string& name, uint32_t generation, const std::string& path, const Stored* stored);
  /// A file that was found under that name, unless it is one that is read already. True: it is a partition now.
  Result<bool> add_found(int source, const std::string& name, const std::string& path, const FileInfo& file);
  /// Of a live input: read to its end, though more may come.
  bool is_followed(const Partition& partition) const;
  void warn(const Diagnostic& warning);
  /// The name under which the state keeps a file.
  Result<std::string> name_of(const std::string& path);

  Fs& fs_;
  const Program& program_;
  Nature nature_;
  std::string root_;
  const TopicAccess* topics_ = nullptr;
  std::vector<Diagnostic> warnings_;
  std::deque<Partition> partitions_;
  /// By source: device and inode of the files that find_new() found last.
  std::vector<FileSet> named_;
  TurnBuffer buffer_;
};

}  // namespace braid

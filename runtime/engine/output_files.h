// The files of a job: one per product from the start, one per port from its first row. Rows are encoded when they are
// written, those of products on other threads if there are any (output_queue.h); what has not been committed lies
// behind the committed length and is cut at recovery.
//
// A product with `{field}` in its path has a file for each value of the fields (output_parts.cpp). Its rows are
// gathered in memory, up to 8 MB of all files, and few of the files are open at a time.
//
// Claims: the state names a file before it exists (connect/sink.h). A port that gets its first row keeps it in memory
// until the next freeze has claimed its file. One thread, but for sync().
//
// Where a file is, the program and its bindings say. What the state says of the place only tells whether that is the
// file that was written so far (8015 if not): so a store, or a project with all its files, can be moved and copied.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/codec/encoder.h"
#include "runtime/connect/sink.h"
#include "runtime/data/stream_digest.h"
#include "runtime/engine/epoch.h"
#include "runtime/engine/output_owner.h"
#include "runtime/engine/output_queue.h"
#include "runtime/engine/output_writer.h"
#include "runtime/engine/part_paths.h"
#include "runtime/state/store.h"
#include "runtime/state/wire.h"

namespace braid {

/// Where a product goes, if not to its place in the store.
struct OutputBinding {
  std::string path;
  std::string format;  ///< "json", "csv", "avro"
  CsvStyle style = {};
  std::optional<PathTemplate> parts = {};  ///< then there is no `path`
};

class OutputFiles : public OutputWriter {
 public:
  /// `directory`: of the store; `bindings` by product; those absent lie in `out` in it.
  OutputFiles(Fs& fs, const Program& program, std::string directory, std::map<int, OutputBinding> bindings);

  /// What owns files outside the store, and whether the state lost commits, so that it may not know all its files.
  /// Once, before the others.
  void set_store(StorePlace place, bool lost_commits) {
    store_ = std::move(place);
    lost_commits_ = lost_commits;
  }
  /// From then on rows of products are encoded and appended beside the turns. The executor outlives this.
  void encode_beside(Executor& executor, size_t workers) {
    executor_ = &executor;
    workers_ = workers;
  }
  /// Opens what the state names, cut to its committed length. Outputs of products that are gone stay as they are.
  Status recover(StateStore& store);
  /// Gives the store when no sync and no commit of it runs, or says why it cannot be written any more.
  using IdleStore = std::function<Result<StateStore*>()>;
  /// From then on a new port with much to write is claimed before the next freeze: its rows do not stay in memory.
  void claim_early(IdleStore idle_store) { idle_store_ = std::move(idle_store); }
  /// Claims the files of products that have none: a foreign file in the way is error 7010.
  Status claim_products(StateStore& store);
  void write(int product, const std::string& port, const std::vector<Field>& row, const Block& block) override;

  /// What has been written so far is what the next sync and collect are about. Claims files of new ports first. Not
  /// while a sync or a commit of the store runs.
  Status freeze(StateStore& store);
  /// What was frozen lasts. May run on another thread while this one writes on.
  Status sync();
  /// Lengths to commit, and (for the epoch record) what has been written since the last call.
  void collect(StateBatch& batch, std::vector<EpochOutput>& epoch);
  std::vector<std::string> paths() const;
  struct Written {
    int product;
    std::string port, path;
    int64_t rows;
    uint64_t bytes;  ///< as of the last freeze
  };
  std::vector<Written> written() const;
  /// The file of the product's rows, and how it is written. An error says why there is no single one.
  struct Readable {
    std::string path;
    OutputBinding binding;
    uint64_t bytes = 0;  ///< as of the last freeze
  };
  Result<Readable> readable(int product) const;
  /// Whether the product's rows had a file before this run. Behind recover(), before claim_products().
  bool knows(int product) const { return outputs_.contains({product, ""}); }

  static constexpr std::string_view kKeyPrefix = "output/";
  /// Port of a file of a product with `{field}` in its path: this, and the path behind the part that all have.
  static constexpr char kPartMark = '=';
  /// Of these, how many are open at a time.
  static constexpr size_t kMostOpenParts = 64;
  /// What the state says of an output.
  struct Stored {
    CommittedOutput committed;
    int64_t rows = 0;
    std::string place;  ///< OutputPlace::stored
  };
  static Result<Stored> read_stored(std::string_view value);
  static std::string write_stored(const Stored& stored);

 private:
  struct Output {
    int product = 0;
    std::string port;
    std::string path;
    std::string stored;                ///< OutputPlace::stored; empty until it is asked for
    std::unique_ptr<OutputFile> file;  ///< none until it is claimed
    CommittedOutput frozen;            ///< what the next commit is about
    std::string waiting;               ///< bytes of an output without file, or of a part until it is opened
    bool known = false;                ///< of a part: the state names it, and this is what it says, or newer
    uint64_t used = 0;                 ///< of a part: when it was written last
    std::unique_ptr<Encoder> encoder;  ///< of a product; ports are NDJSON of rows that may differ
    int64_t rows = 0;
    uint64_t epoch_rows = 0;
    bool changed = false;
    // With a queue they are its append's until it is drained, as is the file.
    StreamDigest epoch_digest;           ///< of the bytes since the last commit
    Status failure;                      ///< of a write during a turn: told by the next freeze
    std::unique_ptr<OutputQueue> queue;  ///< let go of first
  };
  Output& output(int product, const std::string& port);
  /// A product whose rows go to several files.
  struct Parts {
    PartPaths paths;
    int64_t files = 0, rows = 0;
    uint64_t bytes = 0;  ///< as of the last freeze
  };
  std::string key_of(const Output& output) const;
  std::string value_of(const Output& output) const;
  const std::string& format_name(int product) const;
  std::unique_ptr<Encoder> encoder_of(const Output& output) const;
  OutputQueue& queue_of(Output& output);
  void append(Output& output, std::string_view bytes);
  /// Of an output that has no file yet.
  Status wait_for_file(Output& output, std::string_view bytes);
  /// Claims their files and writes what waited for that.
  Status begin(StateStore& store, const std::vector<Output*>& fresh);
  /// Where it is now.
  Status find_place(Output& output);
  /// Names the files of those that have none in one commit, then makes them.
  Status claim(StateStore& store, const std::vector<Output*>& fresh);
  Status name_files(StateStore& store, const std::vector<Output*>& fresh);
  Status open(Output& output, const CommittedOutput& committed);
  Status check_place(const Output& output, const Stored& stored);

  // output_parts.cpp
  static bool is_part(const Output& output) { return output.port.starts_with(kPartMark); }
  void write_parts(int product, Parts& parts, const Block& block);
  /// Cuts a part to its committed length.
  Status recover_part(Output& part, const Stored& stored);
  /// Names the files that have rows and no name, and writes what waits. `store` as for freeze().
  Status write_waiting_parts(StateStore& store);
  Status open_part(Output& part);
  /// Its bytes last, and its length is what the next commit is about.
  Status close_part(Output& part);
  void set_frozen(Output& output, const CommittedOutput& committed);
  /// Those that the state has as they are.
  void forget_parts();

  std::string name_of(const Output& output) const;

  Fs& fs_;
  const Program& program_;
  std::string directory_;
  StorePlace store_;
  bool lost_commits_ = false;
  IdleStore idle_store_;
  std::map<int, OutputBinding> bindings_;
  std::map<int, Parts> parts_;  ///< by product
  std::vector<Output*> open_parts_;
  uint64_t waiting_parts_ = 0;  ///< bytes
  uint64_t uses_ = 0;
  std::map<std::pair<int, std::string>, Output> outputs_;
  std::vector<OutputFile*> frozen_;  ///< those that the next sync is about
  std::string encoded_;              ///< rows of ports
  Executor* executor_ = nullptr;     ///< null: rows are encoded at once
  size_t workers_ = 1;
};

}  // namespace braid

// A program run in memory, statement by statement: what `braid test` and dry runs drive. Each source has one partition
// from the start; rows are captured with their types. Nothing touches a disk; `restart` commits to a store in memory
// and goes on from there with a new engine.
//
// The Program outlives the session. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/data/row_change.h"
#include "runtime/data/value.h"
#include "runtime/engine/key_rows.h"
#include "runtime/engine/turn_engine.h"
#include "runtime/state/memory_store.h"

namespace braid {

struct CapturedRow {
  Type type;  ///< the struct of its fields
  Value value;
  std::optional<RowChange> change = {};  ///< of a product that is a table
};

/// What the changes of a table come to.
class CapturedTable {
 public:
  /// `key`: paths of fields, as ProductSpec::key.
  explicit CapturedTable(std::vector<std::vector<int>> key) : key_(std::move(key)) {}
  void apply(const CapturedRow& row);
  /// In the order of their keys, as JSON texts.
  std::vector<CapturedRow> rows() const;

 private:
  std::vector<std::vector<int>> key_;
  std::map<std::string, CapturedRow> rows_;
};

/// Keeps rows by product and port until they are taken.
class CaptureWriter : public OutputWriter {
 public:
  void write(int product, const std::string& port, const std::vector<Field>& row, const Block& block) override;
  /// Rows since the last call, in order of output.
  std::vector<CapturedRow> take(int product, const std::string& port);
  /// The products and ports of which there are any.
  std::vector<std::pair<int, std::string>> waiting() const;
  uint64_t rows() const { return rows_; }

 private:
  std::map<std::pair<int, std::string>, std::vector<CapturedRow>> captured_;
  uint64_t rows_ = 0;
};

class InMemorySession {
 public:
  /// With `options.state_memory`, state beyond that lies in the store of the session after every turn.
  static Result<std::unique_ptr<InMemorySession>> make(const Program& program, const EngineOptions& options);

  /// Whole records, as one turn (more if they are longer than a turn may be).
  void feed(int source, std::string_view bytes);
  /// As a record without a value does: the row of that key of a table that takes deletes goes. `key`: a JSON object.
  void remove(int source, std::string_view key, int64_t time);
  /// The source's time moves on as if a confirmed record of that time had come.
  void advance_to(int source, int64_t time);
  void idle(int source);
  /// Event time is behind `time`, and nothing later has come: as everything is at that instant.
  void reach(int64_t time);
  void set_now(int64_t now);
  /// The wall clock moves: rows that have waited as long as they may go on, and so does the time of sources that are
  /// idle and follow it. set_now() comes first.
  void wait(int64_t us);
  /// No source gives anything any more: windows close, waiting rows are decided.
  void end_all();
  std::vector<CapturedRow> take(int product, const std::string& port = "") { return output_.take(product, port); }
  std::vector<std::pair<int, std::string>> waiting() const { return output_.waiting(); }
  uint64_t rows_out() const { return output_.rows(); }
  /// Commits everything and begins again from what was committed.
  Status restart();
  const TurnEngine& engine() const { return *engine_; }

 private:
  InMemorySession(const Program& program, const EngineOptions& options) : program_(program), options_(options) {
    if (options_.state_memory != UINT64_MAX) options_.store = &store_;
  }
  void commit();
  void evict();
  Status begin();
  void feed_key(int source, std::string_view key, int64_t time, bool silent);
  void feed_turn(int source, std::string_view bytes, uint64_t long_record_bytes, bool silent);
  struct TableTurn {
    std::string bytes;
    bool removes = false;  ///< they are the key of a row
  };
  struct Partition {
    std::unique_ptr<Decoder> decoder;
    int64_t position = 0;
    int64_t line = 1;
    std::string header;                  ///< CSV
    std::shared_ptr<KeyRows> keys = {};  ///< null: no row was removed
    std::vector<TableTurn> table = {};   ///< of a static table, to read it again
  };

  const Program& program_;
  EngineOptions options_;
  CaptureWriter output_;
  MemoryStore store_;
  std::unique_ptr<TurnEngine> engine_;
  int64_t wall_ = 0;                   ///< all that wait() was told
  std::vector<Partition> partitions_;  ///< of each source
};

}  // namespace braid

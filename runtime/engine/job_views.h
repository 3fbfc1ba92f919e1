// The views of a job over files (runtime/view): rows of products on their way to the outputs are written into the
// views, too, and become durable with the same commit.
//
// `meta` has a record of each view: its number, what it holds and of which form it is. A view whose form has changed,
// or that is new, begins again, with the history that the product's output has; until it has all of that, its record
// has no form, so a job that is killed meanwhile begins it once more. Internal to the engine folder. On the thread of
// the turns, but for put().
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/engine/output_writer.h"
#include "runtime/state/store.h"
#include "runtime/view/view_host.h"
#include "runtime/view/view_writer.h"

namespace braid {

class JobViews : public OutputWriter {
 public:
  /// `outputs` gets all rows. All outlive this. `host`: null where nobody reads.
  JobViews(const Program& program, const std::vector<ViewSpec>& specs, OutputWriter& outputs, ViewHost* host);

  /// Before the outputs of new products are claimed: a view of all rows as they are cannot begin when some have been
  /// put out, but where the job has written them all. `knows`: whether a product has an output. Fails with 8068.
  Status check_whole(StateStore& store, uint64_t epoch, const std::function<bool(int product)>& knows) const;

  /// Gives the rows that a product has put out so far, in order: `take` gets blocks as the engine writes them.
  using History = std::function<Status(const ViewSpec& view, const std::function<Status(const Block& rows)>& take)>;
  /// Behind recovery: `at` is of the last epoch that is committed, and the outputs have what it says. Commits to the
  /// store.
  Status open(StateStore& store, const ViewsAt& at, const History& history);

  /// The views that a stopped job has left, for readers: those of `specs` that are there, by their places. Fails with
  /// 8063 if there is none.
  static Result<std::vector<size_t>> show(const Program& program, const std::vector<ViewSpec>& specs,
                                          const std::string& directory, StateStore& store, ViewHost& host);

  void write(int product, const std::string& port, const std::vector<Field>& row, const Block& block) override;
  void send(int exchange, const Block& block) override { outputs_.send(exchange, block); }

  bool empty() const { return views_.empty(); }
  /// About the memory of what no commit has yet.
  uint64_t waiting_bytes() const;
  /// The epoch ends.
  void freeze(const ViewsAt& at);
  /// What the frozen epoch changes, into its batch, before that is committed. On the thread that commits.
  Status put(StateStore& store, StateBatch& batch);
  /// The frozen epoch is durable.
  void committed();

 private:
  struct View {
    std::string key;   ///< of its record
    std::string form;  ///< what it is made for: another one cannot read its rows
    uint32_t number = 0;
    int64_t begins = INT64_MIN;  ///< no earlier instant can be asked for
    std::unique_ptr<ViewWriter> writer;
    ViewWriter::Rows frozen;
    ViewFigures figures;  ///< as of the frozen epoch
    uint64_t gone = 0;    ///< events that the frozen epoch lets go
  };
  struct Record {
    uint32_t number = 0;
    int64_t begins = INT64_MIN;
    ViewFigures figures;
    std::string form;

    std::string bytes() const;
    static Result<Record> parse(std::string_view bytes);
  };
  /// By key of `meta`.
  static Result<std::map<std::string, Record>> read_records(StateStore& store);
  Status fill(View& view, uint64_t epoch, StateStore& store, const History& history);

  const Program& program_;
  OutputWriter& outputs_;
  ViewHost* host_;
  std::vector<ViewSpec> specs_;
  std::map<int, View> views_;  ///< by product
  ViewsAt at_;                 ///< of the frozen epoch
};

}  // namespace braid

// Rows of a read as Arrow and Parquet.
#include "serve/rest/api.h"
#include "serve/rest/asked.h"

namespace braid::serve {

std::optional<HttpResponse> Api::rows_in_columns(size_t index, RowForm form, const AskedRows& asked, const Query& query,
                                                 const std::shared_ptr<const ViewsState>& state,
                                                 HttpResponse& response) const {
  const ApiProduct& product = products_[index];
  const auto failed = [](const std::string& why) { return http_problem(500, "the view cannot be read", why); };
  if (!find_engine_) return http_problem(501, "no columns", "rows are not given in columns here");
  const Result<SqlEngine*> engine = find_engine_();
  if (!engine.ok()) return http_problem(501, "no columns", engine.error().message);
  std::vector<int> fields = asked.fields;
  if (fields.empty())
    for (size_t i = 0; i < product.row.size(); ++i) fields.push_back(static_cast<int>(i));
  const Result<std::unique_ptr<ColumnWriter>> writer = (*engine)->columns(product.row, fields, form);
  if (!writer.ok()) return failed(writer.error().message);
  const ViewReader reader(state, index);
  const Result<ReadResult> result = read(asked.plan, reader, [&](const Slot* slots, const ViewStamp&) {
    (*writer)->put(slots);
    return (*writer)->bytes() < kMostBytes;
  });
  if (!result.ok()) return problem_of(result.error());
  Result<std::string> body = (*writer)->finish();
  if (!body.ok()) return failed(body.error().message);
  response.body = *std::move(body);
  if (!result->more) return std::nullopt;
  host_.keep(state, clock_.steady_us() + kTokenHolds);
  response.headers.emplace_back("Braid-Next", token_of(state->at.epoch, product, query, result->position));
  return std::nullopt;
}

}  // namespace braid::serve

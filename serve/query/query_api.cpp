#include "serve/query/query_api.h"

#include <nlohmann/json.hpp>

#include "runtime/data/time_text.h"
#include "serve/sql/row_form.h"

namespace braid::serve {
namespace {

/// The statement of a request; a sentence about what is wrong.
Result<std::string> statement_of(const HttpRequest& request) {
  const auto wrong = [](std::string text) { return Error{ErrorKind::input, std::move(text), 0, 0}; };
  if (request.header("content-type").find("json") == std::string_view::npos) return request.body;
  const nlohmann::json body = nlohmann::json::parse(request.body, nullptr, false);
  if (!body.is_object() || !body.contains("sql") || !body["sql"].is_string())
    return wrong("a body of JSON is an object with the statement in `sql`");
  for (const auto& [name, value] : body.items())
    if (name != "sql") return wrong(fmt::format("the body has `{}`, and only `sql` is known", name));
  return body["sql"].get<std::string>();
}

std::string instant(int64_t time) {
  return time == INT64_MIN || time == INT64_MAX ? std::string() : timestamp_text(time);
}

HttpResponse problem_of(const SqlError& error) {
  switch (error.kind) {
    case SqlError::Kind::wrong:
      return http_problem(400, "wrong query", error.message);
    case SqlError::Kind::too_much:
      return http_problem(422, "query needs too much", error.message);
    case SqlError::Kind::stopped:
      return http_problem(503, "not ready", error.message);
    case SqlError::Kind::failed:
      break;
  }
  return http_problem(500, "the views cannot be read", error.message);
}

/// Lets go of a statement when nobody asks for its answer any more.
struct Waiting {
  SqlQuestion question;
  ViewsAt at;  ///< of the state that it reads
  std::shared_ptr<RunningQuery> query;
  ~Waiting() {
    if (query) query->stop();
  }
};

}  // namespace

QueryApi::QueryApi(std::vector<ApiProduct> products, const ViewHost& host, Clock& clock, FindSqlEngine find)
    : products_(std::move(products)), host_(host), clock_(clock), find_(std::move(find)), running_(host, clock) {}

std::vector<SqlTable> QueryApi::tables(const Consumer* consumer) const {
  std::vector<SqlTable> made;
  std::map<std::string, size_t> newest;  // by name, of those that are seen; a place in `made`
  for (size_t view = 0; view < products_.size(); ++view) {
    const ApiProduct& product = products_[view];
    std::optional<Sight> sight = Sight();
    if (rules_ != nullptr) sight = consumer == nullptr ? std::nullopt : rules_->sight(view, *consumer);
    if (!sight) continue;
    const auto known = newest.emplace(product.qualified(), made.size()).first;
    if (known->second < made.size() && products_[made[known->second].view].version < product.version)
      known->second = made.size();
    made.push_back({.domain = product.domain,
                    .name = fmt::format("{}@{}", product.name, product.version),
                    .view = view,
                    .plan = {.sight = *std::move(sight)}});
  }
  for (const auto& [name, place] : newest) {
    SqlTable table = made[place];
    table.name = products_[table.view].name;
    made.push_back(std::move(table));
  }
  return made;
}

std::optional<HttpResponse> QueryApi::answer(const HttpRequest& request) {
  if (request.path != kPath) return std::nullopt;
  if (request.method != "POST") {
    HttpResponse refused = http_problem(405, "wrong method", "a statement of SQL is sent with POST");
    refused.headers.emplace_back("Allow", "POST");
    return refused;
  }
  const Result<SqlEngine*> engine = find_();
  if (!engine.ok()) return http_problem(501, "no SQL", engine.error().message);
  return begin(request, **engine);
}

HttpResponse QueryApi::begin(const HttpRequest& request, SqlEngine& engine) {
  Result<std::string> text = statement_of(request);
  if (!text.ok()) return http_problem(400, "wrong query", text.error().message);
  auto waiting = std::make_shared<Waiting>();
  waiting->question = {
      .text = *std::move(text), .form = row_form(request.header("accept")), .tables = tables(request.consumer.get())};
  HttpResponse response;
  const int64_t until = clock_.steady_us() + kLongestInLine;
  response.later = [this, &engine, waiting, until]() -> std::optional<HttpResponse> {
    if (!waiting->query) {
      SqlQuestion question = waiting->question;
      const ChosenState now = newest_state(host_);
      if (!now.ok()) return serve::problem_of(now.error());
      question.state = *now;
      waiting->at = question.state->at;
      waiting->query = running_.start(engine, std::move(question), kLongest);
      if (waiting->query || clock_.steady_us() < until) return std::nullopt;
      return http_problem(429, "too many queries", "as many statements run as may at one time; ask again");
    }
    const std::optional<Result<SqlAnswer, SqlError>> answer = waiting->query->take();
    if (!answer) return std::nullopt;
    return answered(*answer, waiting->question.form, waiting->at);
  };
  // It begins at once.
  (void)response.later();
  return response;
}

HttpResponse QueryApi::answered(const Result<SqlAnswer, SqlError>& answer, RowForm form, const ViewsAt& at) const {
  if (!answer.ok()) return problem_of(answer.error());
  HttpResponse response{.content_type = media_type(form)};
  const std::string watermark = instant(at.watermark);
  response.headers.emplace_back("Braid-Epoch", std::to_string(at.epoch));
  if (!watermark.empty()) response.headers.emplace_back("Braid-Watermark", watermark);
  response.body = answer->body;
  if (form == RowForm::json)
    response.body = fmt::format("{{\"epoch\":{},\"watermark\":{},{}}}\n", at.epoch,
                                watermark.empty() ? "null" : '"' + watermark + '"', answer->body);
  return response;
}

}  // namespace braid::serve

#include "serve/rest/api.h"

#include "runtime/base/check.h"
#include "runtime/base/sha256.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"
#include "runtime/data/value.h"
#include "serve/http/query.h"
#include "serve/rest/asked.h"
#include "serve/rest/row_text.h"
#include "serve/sql/row_form.h"

namespace braid::serve {
namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kLines = "application/x-ndjson";
constexpr std::string_view kRoot = "/v1";

std::string names(const std::vector<std::string>& texts) {
  std::string made = "[";
  for (const std::string& text : texts) made += (made.size() > 1 ? "," : "") + json_text(text);
  return made + ']';
}

/// `window.start`
std::string path_text(const std::vector<Field>& row, const std::vector<int>& path) {
  std::string text;
  const std::vector<Field>* fields = &row;
  for (const int place : path) {
    const Field& field = fields->at(static_cast<size_t>(place));
    text += (text.empty() ? "" : ".") + field.name;
    if (const Type& type = without_optional(field.type); is(type, TypeKind::structure)) fields = &type->fields;
  }
  return text;
}

/// `form`: of the same rows in another one.
std::string etag_of(uint64_t epoch, std::string_view form = {}) {
  return fmt::format("\"e{}{}\"", epoch, form);
}

/// Who sees other rows of the same epoch has another answer.
std::string form_of(const Sight& sight) {
  return sight.rows == nullptr ? "" : fmt::format("-{:x}", sight.rows->form());
}

bool has_etag(const HttpRequest& request, const std::string& etag) {
  const std::string_view known = request.header("if-none-match");
  return known == "*" || known.find(etag) != std::string_view::npos;
}

}  // namespace

HttpResponse problem_of(const Error& error) {
  return error.kind == ErrorKind::input ? http_problem(400, "wrong query", error.message)
                                        : http_problem(500, "the view cannot be read", error.message);
}

HttpResponse problem_of(const NoState& none) {
  switch (none.is) {
    case NoState::Is::not_ready:
      return http_problem(503, "not ready", none.message);
    case NoState::Is::to_come:
      return http_problem(412, "not there yet", none.message);
    case NoState::Is::gone:
      return http_problem(410, "token has expired", none.message);
  }
  BRAID_UNREACHABLE("no state");
}

HttpResponse http_problem(int status, const std::string& title, const std::string& detail) {
  return {.status = status,
          .content_type = "application/problem+json",
          .body = fmt::format("{{\"title\":{},\"status\":{},\"detail\":{}}}\n", json_text(title), status,
                              json_text(detail))};
}

Api::Api(std::vector<ApiProduct> products, ViewHost& host, Clock& clock,
         std::function<std::string(const ApiProduct& product)> status)
    : products_(std::move(products)), host_(host), clock_(clock), status_(std::move(status)) {}

std::optional<HttpResponse> Api::answer(const HttpRequest& request) const {
  if (request.path != kRoot && !request.path.starts_with(std::string(kRoot) + "/")) return std::nullopt;
  const auto parts = path_parts(request.path);
  const auto query = query_parts(request.query);
  if (!parts || !query)
    return http_problem(400, "wrong address",
                        "`%` stands in front of two hexadecimal digits of UTF-8, and no part of a path is empty");
  if (request.method != "GET") {
    HttpResponse refused = http_problem(405, "wrong method", "rows are read with GET");
    refused.headers.emplace_back("Allow", "GET, HEAD");
    return refused;
  }
  if (parts->size() == 2 && (*parts)[1] == "openapi.json") return openapi(request);
  if (parts->size() == 1 || (parts->size() == 2 && (*parts)[1] == "products")) return list(request);
  if ((*parts)[1] != "products")
    return http_problem(404, "no such path", "there are /v1/products and /v1/openapi.json");
  const std::optional<size_t> product = find((*parts)[2], request);
  const std::optional<Sight> sight = product ? sight_of(*product, request) : std::nullopt;
  if (!sight)
    return http_problem(404, "no such product",
                        fmt::format("`{}` is not served here; /v1/products has what is", (*parts)[2]));
  if (parts->size() == 3) return describe(*product, *sight);
  if ((*parts)[3] == "changes") return changes(*product, {parts->begin() + 4, parts->end()}, request, *query);
  if ((*parts)[3] != "rows") return http_problem(404, "no such path", "behind a product comes /rows or /changes");
  if (parts->size() == 4) return rows(*product, *sight, request, *query);
  return row(*product, *sight, {parts->begin() + 4, parts->end()}, request, *query);
}

std::optional<Sight> Api::sight_of(size_t product, const HttpRequest& request) const {
  if (rules_ == nullptr) return Sight();
  return request.consumer == nullptr ? std::nullopt : rules_->sight(product, *request.consumer);
}

HttpResponse Api::openapi(const HttpRequest& request) const {
  std::vector<ApiProduct> seen;
  for (size_t i = 0; i < products_.size(); ++i)
    if (sight_of(i, request)) seen.push_back(products_[i]);
  return {.content_type = kJson, .body = openapi_of(seen)};
}

std::optional<size_t> Api::find(const std::string& name, const HttpRequest& request) const {
  const size_t at = name.find('@');
  std::optional<size_t> found;
  for (size_t i = 0; i < products_.size(); ++i) {
    const ApiProduct& product = products_[i];
    if (product.qualified() != name.substr(0, at)) continue;
    if (at != std::string::npos) {
      if (std::to_string(product.version) == name.substr(at + 1)) return i;
    } else if ((!found || products_[*found].version < product.version) && sight_of(i, request)) {
      found = i;  // the newest that the reader sees
    }
  }
  return found;
}

namespace {

/// Null: its view follows no topic.
const TopicPositions* positions_of(const ApiProduct& product, const ViewsAt& at) {
  for (const TopicPositions& each : at.positions)
    if (each.version == product.version && each.product == product.qualified()) return &each;
  return nullptr;
}

}  // namespace

std::string Api::head(const ApiProduct& product, const ViewsAt& at) const {
  std::string made = fmt::format("\"product\":{},\"version\":{},\"epoch\":{},\"watermark\":{},\"status\":{}",
                                 json_text(product.qualified()), product.version, at.epoch, instant(at.watermark),
                                 json_text(status_(product)));
  if (const TopicPositions* positions = positions_of(product, at))
    made +=
        fmt::format(",\"topic\":{},\"offsets\":[{}]", json_text(positions->topic), fmt::join(positions->offsets, ","));
  return made;
}

void set_product_headers(const ApiProduct& product, const ViewsAt& at, const std::string& status,
                         HttpResponse& response) {
  response.headers.emplace_back("Braid-Epoch", std::to_string(at.epoch));
  response.headers.emplace_back("Braid-Version", std::to_string(product.version));
  response.headers.emplace_back("Braid-Status", status);
  if (const TopicPositions* positions = positions_of(product, at))
    response.headers.emplace_back("Braid-Offsets",
                                  fmt::format("{} {}", positions->topic, fmt::join(positions->offsets, ",")));
  if (at.watermark != INT64_MIN && at.watermark != INT64_MAX)
    response.headers.emplace_back("Braid-Watermark", timestamp_text(at.watermark));
}

void Api::set_headers(const ApiProduct& product, const ViewsAt& at, HttpResponse& response) const {
  set_product_headers(product, at, status_(product), response);
}

HttpResponse Api::list(const HttpRequest& request) const {
  std::string body = "{\"products\":[";
  bool first = true;
  for (size_t i = 0; i < products_.size(); ++i) {
    const ApiProduct& product = products_[i];
    if (!sight_of(i, request)) continue;
    body += fmt::format("{}{{\"product\":{},\"version\":{},\"kind\":\"{}\",\"owner\":{},\"doc\":{},\"rows\":{}}}",
                        std::exchange(first, false) ? "" : ",", json_text(product.qualified()), product.version,
                        product.keyed ? "table" : "stream", json_text(product.owner), json_text(product.doc),
                        json_text(fmt::format("/v1/products/{}@{}/rows", product.qualified(), product.version)));
  }
  return {.content_type = kJson, .body = body + "]}\n"};
}

HttpResponse Api::describe(size_t index, const Sight& sight) const {
  const ApiProduct& product = products_[index];
  const ChosenState now = newest_state(host_);
  if (!now.ok()) return problem_of(now.error());
  const std::shared_ptr<const ViewsState>& state = *now;
  const ViewReader reader(state, index);
  std::string fields;
  for (size_t i = 0; i < product.row.size(); ++i) {
    fields += fmt::format("{}{{\"name\":{},\"type\":{}", i == 0 ? "" : ",", json_text(product.row[i].name),
                          json_text(to_string(product.row[i].type)));
    if (i < product.field_docs.size() && !product.field_docs[i].empty())
      fields += ",\"doc\":" + json_text(product.field_docs[i]);
    fields += '}';
  }
  // Rows do not come in the order of what is masked.
  std::vector<std::string> indexes;
  for (const std::string& each : product.indexes) {
    const std::optional<NamedPath> path = named_path(product.row, each);
    if (!path || !is_masked(sight, path->path)) indexes.push_back(each);
  }
  std::string masked;
  if (sight.rows != nullptr) {
    std::vector<std::string> fields_masked;
    for (const std::vector<int>& path : sight.rows->masked()) fields_masked.push_back(path_text(product.row, path));
    masked = ",\"masked\":" + names(fields_masked);
  }
  std::string keep = "null";
  if (product.keep_us) {
    keep = "\"";
    append_duration_literal(keep, *product.keep_us);
    keep += '"';
  }
  return {.content_type = kJson,
          .body = fmt::format("{{{},\"kind\":\"{}\",\"owner\":{},\"doc\":{},\"fields\":[{}],\"key\":{},\"indexes\":{},"
                              "\"keep\":{},\"as_of_from\":{}{}}}\n",
                              head(product, state->at), product.keyed ? "table" : "stream", json_text(product.owner),
                              json_text(product.doc), fields, names(product.key), names(indexes), keep,
                              product.keyed && !product.keep_us ? "null" : instant(reader.horizon()), masked)};
}

namespace {

std::optional<HttpResponse> refusal_of(const ReadPlan& plan, const ViewReader& reader) {
  const Result<std::optional<Refusal>> refusal = refuse(plan, reader);
  if (!refusal.ok()) return problem_of(refusal.error());
  if (!*refusal) return std::nullopt;
  const bool gone = (*refusal)->gone;
  return http_problem(gone ? 410 : 400, gone ? "not kept any more" : "cannot be asked for", (*refusal)->reason);
}

/// Answers now, or once the epoch that is asked for is there, or its time is over.
HttpResponse at_epoch(const AskedRows& asked, const ViewHost& host, Clock& clock,
                      std::function<HttpResponse(std::shared_ptr<const ViewsState>)> make) {
  const ChosenState state =
      asked.pinned_epoch ? kept_state(host, *asked.pinned_epoch, "after") : newest_state(host, asked.min_epoch);
  if (state.ok()) return make(*state);
  if (state.error().is != NoState::Is::to_come || asked.wait_us == 0) return problem_of(state.error());
  HttpResponse response;
  response.later = [min_epoch = asked.min_epoch, &host, &clock, make = std::move(make),
                    until = clock.steady_us() + asked.wait_us]() -> std::optional<HttpResponse> {
    const ChosenState now = newest_state(host, min_epoch);
    if (now.ok()) return make(*now);
    if (clock.steady_us() >= until || now.error().is != NoState::Is::to_come) return problem_of(now.error());
    return std::nullopt;
  };
  return response;
}

}  // namespace

HttpResponse Api::rows(size_t index, const Sight& sight, const HttpRequest& request, const Query& query) const {
  const ApiProduct& product = products_[index];
  Result<AskedRows> asked = read_query(product, query, false);
  if (!asked.ok()) return problem_of(asked.error());
  asked->plan.sight = sight;
  asked->plan.columns = asked->fields;
  const RowForm form = row_form(request.header("accept"));
  const bool lines = form == RowForm::ndjson;
  return at_epoch(*asked, host_, clock_,
                  [this, index, &product, asked = *asked, query, lines, form,
                   request](const std::shared_ptr<const ViewsState>& state) -> HttpResponse {
                    const bool in_columns = is_columnar(form);
                    const char* const of_form = lines                    ? "-lines"
                                                : !in_columns            ? ""
                                                : form == RowForm::arrow ? "-arrow"
                                                                         : "-parquet";
                    const std::string etag = etag_of(state->at.epoch, of_form + form_of(asked.plan.sight));
                    HttpResponse response{.content_type = in_columns ? media_type(form) : lines ? kLines : kJson};
                    set_headers(product, state->at, response);
                    response.headers.emplace_back("ETag", etag);
                    if (has_etag(request, etag)) {
                      response.status = 304;
                      return response;
                    }
                    const ViewReader reader(state, index);
                    if (std::optional<HttpResponse> refused = refusal_of(asked.plan, reader))
                      return *std::move(refused);
                    if (in_columns) {
                      std::optional<HttpResponse> failed = rows_in_columns(index, form, asked, query, state, response);
                      return failed ? *std::move(failed) : response;
                    }
                    const RowText text(product.row, asked.fields);
                    std::string& body = response.body;
                    if (!lines) body = "{" + head(product, state->at) + ",\"rows\":[";
                    bool first = true;
                    const Result<ReadResult> result =
                        read(asked.plan, reader, [&](const Slot* slots, const ViewStamp&) {
                          if (!lines && !first) body += ',';
                          first = false;
                          text.append(slots, body);
                          if (lines) body += '\n';
                          return body.size() < kMostBytes;
                        });
                    if (!result.ok()) return problem_of(result.error());
                    std::string next = "null";
                    if (result->more) {
                      host_.keep(state, clock_.steady_us() + kTokenHolds);
                      next = token_of(state->at.epoch, product, query, result->position);
                      response.headers.emplace_back("Braid-Next", next);
                      next = '"' + next + '"';
                    }
                    if (!lines) body += "],\"next\":" + next + "}\n";
                    return response;
                  });
}

HttpResponse Api::row(size_t index, const Sight& sight, const std::vector<std::string>& key, const HttpRequest& request,
                      const Query& query) const {
  const ApiProduct& product = products_[index];
  if (!product.keyed)
    return http_problem(400, "no rows by key",
                        fmt::format("`{}` is a stream; choose rows by `FIELD=value`", product.qualified()));
  if (key.size() != product.key.size())
    return http_problem(400, "wrong key",
                        fmt::format("the key is {}: a part of the path for each", fmt::join(product.key, ", ")));
  std::string bytes;
  for (size_t i = 0; i < key.size(); ++i) {
    const std::optional<NamedPath> path = named_path(product.row, product.key[i]);
    const std::optional<std::string> part = path ? value_bytes(path->place, key[i]) : std::nullopt;
    if (!part)
      return http_problem(400, "wrong key",
                          fmt::format("`{}` is no {}, which `{}` is", key[i],
                                      path ? to_string(path->place.type) : "field", product.key[i]));
    bytes += *part;
  }
  Result<AskedRows> asked = read_query(product, query, true);
  if (!asked.ok()) return problem_of(asked.error());
  asked->plan.sight = sight;
  asked->plan.columns = asked->fields;
  return at_epoch(*asked, host_, clock_,
                  [this, index, &product, asked = *asked, bytes,
                   request](const std::shared_ptr<const ViewsState>& state) -> HttpResponse {
                    ViewReader reader(state, index);
                    if (std::optional<HttpResponse> refused = refusal_of(asked.plan, reader))
                      return *std::move(refused);
                    HttpResponse response{.content_type = kJson};
                    const bool all = asked.plan.sight.rows == nullptr;
                    std::string etag, text;
                    const Result<bool> found =
                        read_row(bytes, asked.plan, reader, [&](const Slot* slots, const ViewStamp& stamp) {
                          RowText(product.row, asked.fields).append(slots, text);
                          std::string whole;
                          if (!all) RowText(product.row, {}).append(slots, whole);
                          // Of a row, the epoch that wrote it: it is the same until another one does. Who does not see
                          // all is not told of a change that it does not see.
                          etag = all ? etag_of(stamp.epoch) : fmt::format("\"r{}\"", sha256_hex(whole).substr(0, 32));
                          return false;
                        });
                    if (!found.ok()) return problem_of(found.error());
                    if (!*found) response = http_problem(404, "no such row", "there is no row of that key");
                    set_headers(product, state->at, response);
                    if (!*found) return response;
                    response.headers.emplace_back("ETag", etag);
                    if (has_etag(request, etag)) {
                      response.status = 304;
                      return response;
                    }
                    response.body = "{" + head(product, state->at) + ",\"row\":" + text + "}\n";
                    return response;
                  });
}

}  // namespace braid::serve

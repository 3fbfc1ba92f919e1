#include "serve/rest/api.h"

#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"
#include "runtime/data/value.h"
#include "serve/http/query.h"
#include "serve/rest/asked.h"
#include "serve/sql/row_form.h"

namespace braid::serve {
namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kLines = "application/x-ndjson";
constexpr std::string_view kRoot = "/v1";

std::string json_text(std::string_view text) {
  std::string made;
  append_json_string(made, text);
  return made;
}

std::string instant(int64_t time) {
  if (time == INT64_MIN || time == INT64_MAX) return "null";
  std::string made = "\"";
  append_timestamp(made, time);
  return made + '"';
}

std::string names(const std::vector<std::string>& texts) {
  std::string made = "[";
  for (const std::string& text : texts) made += (made.size() > 1 ? "," : "") + json_text(text);
  return made + ']';
}

/// Fields of a row as a JSON object.
class RowText {
 public:
  RowText(const std::vector<Field>& row, std::vector<int> fields) : row_(row), fields_(std::move(fields)) {
    if (fields_.empty())
      for (size_t i = 0; i < row.size(); ++i) fields_.push_back(static_cast<int>(i));
    for (const int field : fields_) {
      names_.push_back(json_text(row[static_cast<size_t>(field)].name) + ':');
      leaves_.push_back(leaf_offset(row, static_cast<size_t>(field)));
    }
  }
  void append(const Slot* slots, std::string& out) const {
    out += '{';
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (i > 0) out += ',';
      out += names_[i];
      append_json(row_[static_cast<size_t>(fields_[i])].type, slots + leaves_[i], out);
    }
    out += '}';
  }

 private:
  const std::vector<Field>& row_;
  std::vector<int> fields_;
  std::vector<std::string> names_;
  std::vector<size_t> leaves_;
};

/// `form`: of the same rows in another one.
std::string etag_of(uint64_t epoch, std::string_view form = {}) {
  return fmt::format("\"e{}{}\"", epoch, form);
}

bool has_etag(const HttpRequest& request, const std::string& etag) {
  const std::string_view known = request.header("if-none-match");
  return known == "*" || known.find(etag) != std::string_view::npos;
}

HttpResponse problem_of(const Error& error) {
  return error.kind == ErrorKind::input ? http_problem(400, "wrong query", error.message)
                                        : http_problem(500, "the view cannot be read", error.message);
}

}  // namespace

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
  if (parts->size() == 2 && (*parts)[1] == "openapi.json")
    return HttpResponse{.content_type = kJson, .body = openapi_of(products_)};
  if (parts->size() == 1 || (parts->size() == 2 && (*parts)[1] == "products")) return list();
  if ((*parts)[1] != "products")
    return http_problem(404, "no such path", "there are /v1/products and /v1/openapi.json");
  const std::optional<size_t> product = find((*parts)[2]);
  if (!product)
    return http_problem(404, "no such product",
                        fmt::format("`{}` is not served here; /v1/products has what is", (*parts)[2]));
  if (parts->size() == 3) return describe(*product);
  if ((*parts)[3] != "rows") return http_problem(404, "no such path", "behind a product comes /rows");
  if (parts->size() == 4) return rows(*product, request, *query);
  return row(*product, {parts->begin() + 4, parts->end()}, request, *query);
}

std::optional<size_t> Api::find(const std::string& name) const {
  const size_t at = name.find('@');
  std::optional<size_t> found;
  for (size_t i = 0; i < products_.size(); ++i) {
    const ApiProduct& product = products_[i];
    if (product.qualified() != name.substr(0, at)) continue;
    if (at != std::string::npos) {
      if (std::to_string(product.version) == name.substr(at + 1)) return i;
    } else if (!found || products_[*found].version < product.version) {
      found = i;
    }
  }
  return found;
}

std::string Api::head(const ApiProduct& product, const ViewsAt& at) const {
  return fmt::format("\"product\":{},\"version\":{},\"epoch\":{},\"watermark\":{},\"status\":{}",
                     json_text(product.qualified()), product.version, at.epoch, instant(at.watermark),
                     json_text(status_(product)));
}

void Api::set_headers(const ApiProduct& product, const ViewsAt& at, HttpResponse& response) const {
  response.headers.emplace_back("Braid-Epoch", std::to_string(at.epoch));
  response.headers.emplace_back("Braid-Version", std::to_string(product.version));
  response.headers.emplace_back("Braid-Status", status_(product));
  if (const std::string watermark = instant(at.watermark); watermark != "null")
    response.headers.emplace_back("Braid-Watermark", watermark.substr(1, watermark.size() - 2));
}

HttpResponse Api::list() const {
  std::string body = "{\"products\":[";
  for (size_t i = 0; i < products_.size(); ++i) {
    const ApiProduct& product = products_[i];
    body += fmt::format("{}{{\"product\":{},\"version\":{},\"kind\":\"{}\",\"owner\":{},\"doc\":{},\"rows\":{}}}",
                        i == 0 ? "" : ",", json_text(product.qualified()), product.version,
                        product.keyed ? "table" : "stream", json_text(product.owner), json_text(product.doc),
                        json_text(fmt::format("/v1/products/{}@{}/rows", product.qualified(), product.version)));
  }
  return {.content_type = kJson, .body = body + "]}\n"};
}

HttpResponse Api::describe(size_t index) const {
  const ApiProduct& product = products_[index];
  const std::shared_ptr<const ViewsState> state = host_.now();
  if (!state) return http_problem(503, "not ready", "the job has not begun, or has ended");
  const ViewReader reader(state, index);
  std::string fields;
  for (size_t i = 0; i < product.row.size(); ++i) {
    fields += fmt::format("{}{{\"name\":{},\"type\":{}", i == 0 ? "" : ",", json_text(product.row[i].name),
                          json_text(to_string(product.row[i].type)));
    if (i < product.field_docs.size() && !product.field_docs[i].empty())
      fields += ",\"doc\":" + json_text(product.field_docs[i]);
    fields += '}';
  }
  std::string keep = "null";
  if (product.keep_us) {
    keep = "\"";
    append_duration_literal(keep, *product.keep_us);
    keep += '"';
  }
  return {.content_type = kJson,
          .body = fmt::format("{{{},\"kind\":\"{}\",\"owner\":{},\"doc\":{},\"fields\":[{}],\"key\":{},\"indexes\":{},"
                              "\"keep\":{},\"as_of_from\":{}}}\n",
                              head(product, state->at), product.keyed ? "table" : "stream", json_text(product.owner),
                              json_text(product.doc), fields, names(product.key), names(product.indexes), keep,
                              product.keyed && !product.keep_us ? "null" : instant(reader.horizon()))};
}

namespace {

std::optional<HttpResponse> refusal_of(const ReadPlan& plan, const ViewReader& reader) {
  const Result<std::optional<Refusal>> refusal = refuse(plan, reader);
  if (!refusal.ok()) return problem_of(refusal.error());
  if (!*refusal) return std::nullopt;
  const bool gone = (*refusal)->gone;
  return http_problem(gone ? 410 : 400, gone ? "not kept any more" : "cannot be asked for", (*refusal)->reason);
}

/// Of a state that is too old; nothing: it will do.
std::optional<HttpResponse> too_old(const AskedRows& asked, const std::shared_ptr<const ViewsState>& state) {
  if (!state) return http_problem(503, "not ready", "the job has not begun, or has ended");
  if (!asked.min_epoch || state->at.epoch >= *asked.min_epoch) return std::nullopt;
  return http_problem(412, "not there yet",
                      fmt::format("epoch {} is the last one that is committed, and {} is asked for", state->at.epoch,
                                  *asked.min_epoch));
}

/// Answers now, or once the epoch that is asked for is there, or its time is over.
HttpResponse at_epoch(const AskedRows& asked, const ViewHost& host, Clock& clock,
                      std::function<HttpResponse(std::shared_ptr<const ViewsState>)> make) {
  if (asked.pinned_epoch) {
    const std::shared_ptr<const ViewsState> pinned = host.at_epoch(*asked.pinned_epoch);
    if (!pinned)
      return http_problem(
          410, "token has expired",
          fmt::format("epoch {} is not kept any more; begin again without `after`", *asked.pinned_epoch));
    return make(pinned);
  }
  const std::shared_ptr<const ViewsState> now = host.now();
  std::optional<HttpResponse> old = too_old(asked, now);
  if (!old) return make(now);
  if (old->status != 412 || asked.wait_us == 0) return *std::move(old);
  HttpResponse response;
  response.later = [asked, &host, &clock, make = std::move(make),
                    until = clock.steady_us() + asked.wait_us]() -> std::optional<HttpResponse> {
    const std::shared_ptr<const ViewsState> state = host.now();
    std::optional<HttpResponse> still = too_old(asked, state);
    if (!still) return make(state);
    if (clock.steady_us() >= until || still->status != 412) return still;
    return std::nullopt;
  };
  return response;
}

}  // namespace

HttpResponse Api::rows(size_t index, const HttpRequest& request, const Query& query) const {
  const ApiProduct& product = products_[index];
  const Result<AskedRows> asked = read_query(product, query, false);
  if (!asked.ok()) return problem_of(asked.error());
  const RowForm form = row_form(request.header("accept"));
  const bool lines = form == RowForm::ndjson;
  return at_epoch(*asked, host_, clock_,
                  [this, index, &product, asked = *asked, query, lines, form,
                   request](const std::shared_ptr<const ViewsState>& state) -> HttpResponse {
                    const bool in_columns = is_columnar(form);
                    const std::string etag =
                        etag_of(state->at.epoch, lines        ? "-lines"
                                                 : in_columns ? (form == RowForm::arrow ? "-arrow" : "-parquet")
                                                              : "");
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

HttpResponse Api::row(size_t index, const std::vector<std::string>& key, const HttpRequest& request,
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
  const Result<AskedRows> asked = read_query(product, query, true);
  if (!asked.ok()) return problem_of(asked.error());
  return at_epoch(*asked, host_, clock_,
                  [this, index, &product, asked = *asked, bytes,
                   request](const std::shared_ptr<const ViewsState>& state) -> HttpResponse {
                    ViewReader reader(state, index);
                    if (std::optional<HttpResponse> refused = refusal_of(asked.plan, reader))
                      return *std::move(refused);
                    ViewRow stored;
                    const Result<bool> found = reader.get(bytes, asked.plan.as_of, &stored);
                    if (!found.ok()) return problem_of(found.error());
                    if (!*found) {
                      HttpResponse missing = http_problem(404, "no such row", "there is no row of that key");
                      set_headers(product, state->at, missing);
                      return missing;
                    }
                    HttpResponse response{.content_type = kJson};
                    set_headers(product, state->at, response);
                    // Of a row, the epoch that wrote it: it is the same until another one does.
                    const std::string etag = etag_of(stored.stamp.epoch);
                    response.headers.emplace_back("ETag", etag);
                    if (has_etag(request, etag)) {
                      response.status = 304;
                      return response;
                    }
                    const RowLayout& layout = reader.layout().rows();
                    if (!layout.well_formed(stored.row))
                      return http_problem(500, "the view cannot be read", "a row is damaged");
                    Arena arena;
                    std::vector<Slot> slots(layout.leaves());
                    layout.decode(stored.row, slots.data(), arena);
                    response.body = "{" + head(product, state->at) + ",\"row\":";
                    RowText(product.row, asked.fields).append(slots.data(), response.body);
                    response.body += "}\n";
                    return response;
                  });
}

}  // namespace braid::serve

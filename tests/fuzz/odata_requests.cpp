// Requests over OData: the path, and behind the first `?` the query.
#include <nlohmann/json.hpp>

#include "serve/http/query.h"
#include "serve/odata/collection.h"
#include "serve/odata/resource.h"
#include "serve/odata/served_rows_test.h"
#include "tests/fuzz/targets.h"

namespace braid::fuzz {
namespace {

using namespace serve;
using nlohmann::json;

struct Served : odata::ServedRows {
  const std::vector<ApiProduct> products = products_of();
  const odata::Model model{products, false};
  const odata::Serving serving{host_, clock_, [](const ApiProduct&) { return "ok"; }};
};

HttpResponse answer(const odata::EntitySet& set, const odata::WrittenOptions& options, bool push,
                    const odata::Serving& serving) {
  auto asked = odata::read_asked(options, set);
  if (!asked.ok()) return odata::error_answer(asked.error());
  odata::CollectionAnswer work({.set = &set,
                                .asked = *std::move(asked),
                                .form = {},
                                .root = "http://h/odata",
                                .without_token = options.without_token(),
                                .push = push},
                               serving);
  for (int steps = 0; steps < 1'000; ++steps)
    if (std::optional<HttpResponse> made = work.step()) return *std::move(made);
  return {.status = 0};
}

Verdict judge(const HttpResponse& response) {
  if (response.status == 0) return "an answer that does not end";
  if (response.status >= 500 && response.status != 501) return "the server failed: " + response.body;
  if (response.status == 304 || response.status == 204 || !response.content_type.starts_with("application/json"))
    return std::nullopt;
  const json body = json::parse(response.body, nullptr, false);
  if (!body.is_object()) return "an answer that is no JSON: " + response.body;
  if (response.status >= 400 && !body.contains("error")) return "an error in another form: " + response.body;
  return std::nullopt;
}

std::vector<std::string> rows_of(const HttpResponse& response) {
  std::vector<std::string> made;
  const json body = json::parse(response.body, nullptr, false);
  if (body.contains("value"))
    for (const json& row : body["value"]) made.push_back(row.dump());
  std::sort(made.begin(), made.end());
  return made;
}

}  // namespace

Verdict ask_anything_of_odata(std::string_view input) {
  static Served served;
  while (input.ends_with('\n')) input.remove_suffix(1);
  const size_t mark = std::min(input.find('?'), input.size());
  const std::string path(input.substr(0, mark)), query(input.substr(std::min(mark + 1, input.size())));
  const HttpResponse whole = served.get("/odata" + path, query);
  if (whole.status != 0)
    if (const Verdict wrong = judge(whole)) return wrong;
  // Of the sets themselves also without what a plan can do.
  for (const odata::EntitySet& set : served.model.sets()) {
    if (path != "/" + set.name) continue;
    const auto options = odata::WrittenOptions::read(query);
    if (!options.ok()) return std::nullopt;
    const HttpResponse pushed = answer(set, *options, true, served.serving);
    const HttpResponse plain = answer(set, *options, false, served.serving);
    for (const HttpResponse* each : {&pushed, &plain})
      if (const Verdict wrong = judge(*each)) return wrong;
    // What fails at a row fails only if the row is looked at; and the first rows depend on the order.
    if (pushed.status != 200 || plain.status != 200) return std::nullopt;
    for (const char* option : {"$top", "$skip", "$skiptoken"})
      if (options->find(option) != nullptr) return std::nullopt;
    if (rows_of(pushed) != rows_of(plain)) return "a pushed filter gives " + pushed.body + " and not " + plain.body;
  }
  return std::nullopt;
}

}  // namespace braid::fuzz

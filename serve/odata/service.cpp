#include "serve/odata/service.h"

#include <charconv>

#include "serve/http/query.h"
#include "serve/odata/collection.h"
#include "serve/odata/entity.h"
#include "serve/odata/resource.h"

namespace braid::serve::odata {
namespace {

/// Of an answer before it makes way for others.
constexpr int kStepsAtOnce = 2;
constexpr const char* kXml = "application/xml;charset=utf-8";

bool is_at(std::string_view path, std::string_view root) {
  return path == root || (path.starts_with(root) && path[root.size()] == '/');
}

/// 4.0 is spoken: a client that wants less, or sends another version, gets nothing.
std::optional<Wrong> wrong_version(const HttpRequest& request) {
  const auto number = [](std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
  };
  for (const char* name : {"odata-version", "odata-maxversion"}) {
    const std::string_view written = request.header(name);
    if (written.empty()) continue;
    const std::optional<double> version = number(written);
    const bool is_most = std::string_view(name) == "odata-maxversion";
    if (!version || *version < 4.0 || (!is_most && *version > 4.01))
      return wrong(fmt::format("version 4.0 of OData is spoken here, and `{}: {}` excludes it", name, written));
  }
  return std::nullopt;
}

/// Of `Prefer: odata.maxpagesize=100`. None: there is no such wish.
std::optional<uint64_t> page_size(std::string_view prefer) {
  constexpr std::string_view kName = "maxpagesize=";
  const size_t at = prefer.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view digits = prefer.substr(at + kName.size());
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || value == 0) return std::nullopt;
  return std::min(value, kMostRowsOfPage);
}

HttpResponse service_document(const std::vector<const EntitySet*>& sets, const Form& form, const std::string& root) {
  std::string body = "{";
  if (form.metadata != Form::Metadata::none)
    body += fmt::format("\"@odata.context\":{},", json_string(root + "/$metadata"));
  body += "\"value\":[";
  for (size_t i = 0; i < sets.size(); ++i)
    body += fmt::format("{}{{\"name\":\"{}\",\"kind\":\"EntitySet\",\"url\":\"{}\"}}", i == 0 ? "" : ",", sets[i]->name,
                        sets[i]->name);
  return answer_of(form.content_type(), body + "]}\n");
}

/// XML whatever a proxy puts into `Accept`; JSON only by $format.
HttpResponse metadata(const std::vector<const EntitySet*>& sets, const WrittenOptions& options) {
  if (const Result<void, Wrong> only = options.only({"$format"}); !only.ok()) return error_answer(only.error());
  const std::string* format = options.find("$format");
  if (format == nullptr || *format == "xml" || *format == "application/xml") return answer_of(kXml, xml_of(sets));
  if (*format != "json" && !format->starts_with("application/json"))
    return error_answer({406, "`$format` of the metadata is xml or json"});
  HttpResponse made{.content_type = "application/json", .body = json_of(sets)};
  made.headers.emplace_back("OData-Version", "4.01");
  return made;
}

}  // namespace

Service::Service(std::vector<ApiProduct> products, ViewHost& host, Clock& clock,
                 std::function<std::string(const ApiProduct&)> status)
    : products_(std::move(products)),
      serving_(std::make_unique<Serving>(Serving{.host = host, .clock = clock, .status = std::move(status)})),
      model_(std::make_unique<Model>(products_, false)),
      flat_model_(std::make_unique<Model>(products_, true)),
      working_(std::make_shared<std::atomic<int>>(0)) {}

Service::~Service() = default;

std::optional<HttpResponse> Service::answer(const HttpRequest& request) const {
  if (!is_at(request.path, kRoot)) return std::nullopt;
  const bool flat = is_at(request.path, kFlatRoot);
  return answer(request, flat ? *flat_model_ : *model_, flat ? kFlatRoot : kRoot);
}

HttpResponse Service::answer(const HttpRequest& request, const Model& model, std::string_view path) const {
  if (request.method != "GET") return error_answer({405, "rows are read with GET"});
  if (const std::optional<Wrong> version = wrong_version(request)) return error_answer(*version);
  std::string_view rest = std::string_view(request.path).substr(path.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto parts = rest.empty() ? std::vector<std::string>() : path_parts(rest);
  if (!parts)
    return error_answer(
        wrong("in a path `%` stands in front of two hexadecimal digits of UTF-8, and no part is empty"));
  std::optional<Sight> sight;
  const Parsed<Resource> resource = read_resource(*parts, model, [&](const EntitySet& set) {
    sight = sight_of(set.view, request);
    return sight.has_value();
  });
  if (!resource.ok()) return error_answer(resource.error());
  const Parsed<WrittenOptions> options = WrittenOptions::read(request.query);
  if (!options.ok()) return error_answer(options.error());
  const std::string root = root_of(request, path);
  if (resource->kind == Resource::Kind::metadata) return metadata(sets_of(model, request), *options);
  const std::string* format = options->find("$format");
  const bool is_count = resource->kind == Resource::Kind::count;
  if (resource->kind != Resource::Kind::service && resource->kind != Resource::Kind::collection && !is_count)
    return entity_answer(*resource, *options, request, root, *sight, *serving_);
  Parsed<Form> form = is_count ? Parsed<Form>(Form()) : form_of(request.header("accept"), format ? *format : "");
  if (!form.ok()) return error_answer(form.error());
  if (resource->kind == Resource::Kind::service) {
    if (const Result<void, Wrong> only = options->only({"$format"}); !only.ok()) return error_answer(only.error());
    return service_document(sets_of(model, request), *form, root);
  }
  if (is_count)
    if (const auto only = options->only({"$filter", "as_of", "at_epoch", "min_epoch"}); !only.ok())
      return error_answer(only.error());
  Parsed<Asked> asked = read_asked(*options, *resource->set);
  if (!asked.ok()) return error_answer(asked.error());
  CollectionRequest made{.set = resource->set,
                         .asked = *std::move(asked),
                         .sight = *sight,
                         .form = *form,
                         .root = root,
                         .without_token = options->without_token(),
                         .only_count = is_count};
  const std::optional<uint64_t> wished = page_size(request.header("prefer"));
  made.rows_of_page = wished.value_or(kRowsOfPage);
  made.page_size_asked = wished.has_value();
  return collect(std::move(made));
}

std::optional<Sight> Service::sight_of(size_t view, const HttpRequest& request) const {
  if (rules_ == nullptr) return Sight();
  return request.consumer == nullptr ? std::nullopt : rules_->sight(view, *request.consumer);
}

std::vector<const EntitySet*> Service::sets_of(const Model& model, const HttpRequest& request) const {
  std::vector<const EntitySet*> made;
  for (const EntitySet& set : model.sets())
    if (sight_of(set.view, request)) made.push_back(&set);
  return made;
}

HttpResponse Service::collect(CollectionRequest request) const {
  auto work = std::make_shared<CollectionAnswer>(std::move(request), *serving_);
  for (int steps = 0; steps < kStepsAtOnce; ++steps)
    if (std::optional<HttpResponse> made = work->step()) return *std::move(made);
  if (working_->fetch_add(1) >= kMostWorking) {
    working_->fetch_sub(1);
    return error_answer({503, "too many answers that look at all rows are being made; ask again"});
  }
  // Counted until the last copy of the function goes, also when the client does not wait for the answer.
  const std::shared_ptr<void> counted(nullptr, [working = working_](void*) { working->fetch_sub(1); });
  HttpResponse response;
  response.later = [work, counted] { return work->step(); };
  return response;
}

}  // namespace braid::serve::odata

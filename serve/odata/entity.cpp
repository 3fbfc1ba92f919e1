#include "serve/odata/entity.h"

#include "serve/http/query.h"

namespace braid::serve::odata {
namespace {

/// Of events: behind which position the row with that time and number is the next one. None: it is the first of all.
std::string in_front_of(std::string_view row_id) {
  std::string made(row_id);
  for (size_t i = made.size(); i-- > 0;)
    if (made[i]-- != '\0') return made;
  return {};
}

/// What is asked of the row, once it is found.
struct Found {
  bool found = false;
  HttpResponse response = {};
};

class EntityReader {
 public:
  EntityReader(const Resource& resource, const HttpRequest& request, const std::string& root, const Asked& asked,
               const Form& form, const Sight& sight)
      : resource_(resource),
        set_(*resource.set),
        request_(request),
        root_(root),
        asked_(asked),
        form_(form),
        sight_(sight) {}

  /// Nothing: there is no row of that key.
  std::optional<ReadPlan> plan(const std::string& row_id) const {
    ReadPlan made{.where = resource_.key, .as_of = asked_.time.as_of, .limit = 1, .sight = sight_};
    if (resource_.kind != Resource::Kind::entity && !resource_.property.is_row_id())
      made.columns = {resource_.property.path.front()};
    for (const size_t place : asked_.select)
      if (const Property& property = set_.shape.properties[place]; !property.is_row_id())
        made.columns.push_back(property.path.front());
    if (!set_.has_row_id()) return made;
    if (set_.product->keyed) return key_conditions(set_, row_id, made.where) ? std::optional(made) : std::nullopt;
    made.behind = in_front_of(row_id);
    if (sight_.rows != nullptr && !made.behind.empty()) made.behind = sight_.rows->seal(made.behind);
    return made;
  }

  HttpResponse of_row(const RowOf& row, const ViewStamp& stamp) const {
    // The same until an epoch writes it again, in each of its forms.
    const std::string etag = fmt::format("W/\"e{}\"", stamp.epoch);
    HttpResponse made = content(row);
    // Who does not see all is not told of a change that it does not see.
    if (made.status >= 400 || sight_.rows != nullptr) return made;
    made.headers.emplace_back("ETag", etag);
    const std::string_view known = request_.header("if-none-match");
    if (known == "*" || known.find(etag) != std::string_view::npos) {
      made.status = 304;
      made.body.clear();
    }
    return made;
  }

 private:
  std::string context(const std::string& of) const {
    if (form_.metadata == Form::Metadata::none) return {};
    return "\"@odata.context\":" + json_string(root_ + "/$metadata#" + of);
  }

  HttpResponse content(const RowOf& row) const {
    if (resource_.kind == Resource::Kind::entity) {
      std::string body =
          "{" + context(asked_.select_text.empty() ? set_.name + "/$entity"
                                                   : fmt::format("{}({})/$entity", set_.name, asked_.select_text));
      RowWriter(set_.shape, &set_, asked_.select, form_).append_members(row, body.size() == 1, body);
      return answer_of(form_.content_type(), body + "}\n");
    }
    const Property& property = resource_.property;
    const Datum value = property.is_row_id() ? text_datum(row.row_id) : datum_at(property.place, row.slots);
    if (value.is_null()) {
      const bool of_list = !property.is_row_id() && !property.as_json && kind_of(property.type()) == Kind::list;
      if (!of_list) {
        HttpResponse made = answer_of("text/plain;charset=utf-8", "");
        made.status = 204;
        return made;
      }
    }
    if (resource_.kind == Resource::Kind::property_count)
      return answer_of("text/plain;charset=utf-8", std::to_string(value.is_null() ? 0 : value.slots->list.count));
    if (resource_.kind == Resource::Kind::property_value && value.kind == Kind::bytes)
      return answer_of("application/octet-stream", std::string(value.text));
    if (resource_.kind == Resource::Kind::property_value && !property.as_json)
      return answer_of("text/plain;charset=utf-8", raw_text(value));
    return property_content(row, property, value);
  }

  HttpResponse property_content(const RowOf& row, const Property& property, const Datum& value) const {
    std::string path, type_path;
    for (const std::string& name : resource_.path) {
      path += "/" + name;
      type_path += (type_path.empty() ? "" : "__") + name;
    }
    std::string body = "{" + context(address_of_row(set_, row) + path);
    std::string written;
    if (property.is_row_id() || property.as_json) {
      // As the whole row has it.
      Shape alone{.row = set_.shape.row, .properties = {property}};
      RowWriter(alone, nullptr, {}, Form{.metadata = Form::Metadata::none}).append({row.slots, row.row_id}, written);
      const auto value_begins = written.find(':') + 1;
      written = written.substr(value_begins, written.size() - value_begins - 1);
    } else if (value.is_null()) {
      written = "[]";
    } else {
      append_value(property.place.own, row.slots + property.place.leaf, form_, set_.name, type_path, written);
    }
    const std::string comma = body.size() > 1 ? "," : "";
    if (value.kind == Kind::structure && written.size() > 2)
      body += comma + written.substr(1);  // its fields beside the context
    else if (value.kind == Kind::structure)
      body += "}";
    else
      body += comma + "\"value\":" + written + "}";
    return answer_of(form_.content_type(), body + "\n");
  }

  const Resource& resource_;
  const EntitySet& set_;
  const HttpRequest& request_;
  const std::string& root_;
  const Asked& asked_;
  const Form& form_;
  const Sight& sight_;
};

Result<Asked, Wrong> asked_of(const Resource& resource, const WrittenOptions& options) {
  Asked made;
  if (resource.kind == Resource::Kind::entity)
    BRAID_TRY(options.only({"$select", "$format", "as_of", "at_epoch", "min_epoch"}));
  else
    BRAID_TRY(options.only({"$format", "as_of", "at_epoch", "min_epoch"}));
  BRAID_ASSIGN(made.time, read_time(options));
  if (const std::string* select = options.find("$select")) BRAID_TRY(read_select(*select, resource.set->shape, made));
  return made;
}

}  // namespace

HttpResponse entity_answer(const Resource& resource, const WrittenOptions& options, const HttpRequest& request,
                           const std::string& root, const Sight& sight, const Serving& serving) {
  const Parsed<Asked> asked = asked_of(resource, options);
  if (!asked.ok()) return error_answer(asked.error());
  Form form;
  const bool is_text =
      resource.kind == Resource::Kind::property_value || resource.kind == Resource::Kind::property_count;
  if (!is_text) {
    const std::string* format = options.find("$format");
    Parsed<Form> found = form_of(request.header("accept"), format == nullptr ? "" : *format);
    if (!found.ok()) return error_answer(found.error());
    form = *found;
  }
  const ChosenState state = newest_state(serving.host, asked->time.min_epoch);
  if (!state.ok()) return error_answer(wrong_of(state.error()));
  const ViewReader reader(*state, resource.set->view);
  const EntityReader entity(resource, request, root, *asked, form, sight);
  std::optional<std::string> row_id = resource.row_id;
  if (sight.rows != nullptr && resource.set->has_row_id()) row_id = sight.rows->unseal(resource.row_id);
  std::optional<ReadPlan> made_plan = row_id ? entity.plan(*row_id) : std::nullopt;
  if (!made_plan) return error_answer({404, "there is no row of that key"});
  ReadPlan& plan = *made_plan;
  const Result<std::optional<Refusal>> refusal = refuse(plan, reader);
  if (!refusal.ok()) return error_answer({500, "the view cannot be read: " + refusal.error().message});
  if (*refusal) return error_answer({(*refusal)->gone ? 410 : 400, (*refusal)->reason});
  std::string key;
  plan.at_row = [&key](std::string_view of_row, const std::string&) { key = of_row; };
  Found made;
  const bool of_events = resource.set->has_row_id() && !resource.set->product->keyed;
  const Result<ReadResult> result = read(plan, reader, [&](const Slot* slots, const ViewStamp& stamp) {
    if (of_events && key != *row_id) return false;
    std::string shown;
    if (resource.set->has_row_id()) shown = base64_url(sight.rows == nullptr ? key : sight.rows->seal(key));
    made = {.found = true, .response = entity.of_row({slots, shown}, stamp)};
    return false;
  });
  if (!result.ok()) return error_answer({500, "the view cannot be read: " + result.error().message});
  if (!made.found) made.response = error_answer({404, "there is no row of that key"});
  set_product_headers(*resource.set->product, (*state)->at, serving.status(*resource.set->product), made.response);
  return std::move(made.response);
}

}  // namespace braid::serve::odata

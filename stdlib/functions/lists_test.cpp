#include "runtime/data/decimal.h"
#include "stdlib/functions/calling.h"

namespace braid {
namespace {

using Text = std::string_view;
using MaybeInt = std::optional<int64_t>;
using MaybeText = std::optional<Text>;

const Type kInt = int_type();
const Type kText = string_type();

/// Two slots an element: presence and value.
Items optional_items(std::initializer_list<MaybeInt> values) {
  std::vector<Slot> slots;
  for (const MaybeInt value : values) {
    slots.push_back(slot_u8(value.has_value()));
    slots.push_back(slot_i64(value.value_or(0)));
  }
  return Items(std::move(slots));
}

TEST(Lists, ReadElements) {
  const Items items{7, 8, 9};
  EXPECT_EQ(Call("lists_list_length").of(kInt)(items.any()).as<int64_t>(), 3);
  EXPECT_EQ(Call("lists_get").of(kInt)(items.any(), int64_t{0}).as<MaybeInt>(), 7);
  EXPECT_EQ(Call("lists_get").of(kInt)(items.any(), int64_t{3}).as<MaybeInt>(), std::nullopt);
  EXPECT_EQ(Call("lists_get").of(kInt)(items.any(), INT64_MIN).as<MaybeInt>(), std::nullopt);
  EXPECT_EQ(Call("lists_list_first").of(kInt)(items.any()).as<MaybeInt>(), 7);
  EXPECT_EQ(Call("lists_list_last").of(kInt)(items.any()).as<MaybeInt>(), 9);
  const Items none{std::vector<Slot>{}};
  EXPECT_EQ(Call("lists_list_last").of(kInt)(none.any()).as<MaybeInt>(), std::nullopt);
  EXPECT_TRUE(Call("lists_list_is_empty").of(kInt)(none.any()).as<bool>());
  const Items words{"a"sv, "é"sv};
  EXPECT_EQ(Call("lists_get").of(kText)(words.any(), int64_t{1}).as<MaybeText>(), "é");
}

TEST(Lists, AnOptionalElementStaysOneOptional) {
  const Items items = optional_items({7, std::nullopt});
  Call get("lists_get");
  get.of(optional_type(kInt));
  EXPECT_EQ(get(items.any(2), int64_t{0}).as<MaybeInt>(), 7);
  EXPECT_EQ(get(items.any(2), int64_t{1}).as<MaybeInt>(), std::nullopt);
  EXPECT_EQ(get(items.any(2), int64_t{2}).as<MaybeInt>(), std::nullopt);
  EXPECT_EQ(get.raw()[2].i64, -1) << "wrote a third slot";
}

TEST(Lists, AStructWithAnOptionalFirstFieldIsNoOptional) {
  const Type type = struct_type({{"a", optional_type(kInt)}, {"b", kInt}});
  const Items items{std::vector<Slot>{slot_u8(0), slot_i64(0), slot_i64(5)}};
  Call first("lists_list_first");
  first.of(type)(items.any(3));
  EXPECT_EQ(first.raw()[0].u8, 1);  // there is an element …
  EXPECT_EQ(first.raw()[1].u8, 0);  // … whose `a` is null
  EXPECT_EQ(first.raw()[3].i64, 5);
}

TEST(Lists, CutAndSearch) {
  const Items items{7, 8, 8, 9};
  Call slice("lists_slice");
  slice.of(kInt);
  EXPECT_EQ(slice(items.any(), int64_t{1}, MaybeInt(2)).integers(), (std::vector<int64_t>{8, 8}));
  EXPECT_EQ(slice(items.any(), int64_t{-1}, MaybeInt()).integers().size(), 4u);
  EXPECT_EQ(slice(items.any(), INT64_MAX, MaybeInt(INT64_MAX)).integers().size(), 0u);
  EXPECT_EQ(slice(items.any(), int64_t{0}, MaybeInt(-1)).integers().size(), 0u);
  EXPECT_EQ(Call("lists_skip").of(kInt)(items.any(), int64_t{3}).integers(), (std::vector<int64_t>{9}));
  const Slot eight = slot_i64(8), six = slot_i64(6);
  EXPECT_TRUE(Call("lists_list_contains").of(kInt)(items.any(), AnyValue{&eight, {}}).as<bool>());
  EXPECT_FALSE(Call("lists_list_contains").of(kInt)(items.any(), AnyValue{&six, {}}).as<bool>());
  EXPECT_EQ(Call("lists_list_index_of").of(kInt)(items.any(), AnyValue{&eight, {}}).as<MaybeInt>(), 1);
  EXPECT_EQ(Call("lists_list_index_of").of(kInt)(items.any(), AnyValue{&six, {}}).as<MaybeInt>(), std::nullopt);
}

TEST(Lists, SortDistinctReverse) {
  Call sort("lists_sort");
  sort.of(kInt);
  EXPECT_EQ(sort(Items{3, 1, 2, 1, -5}.any()).integers(), (std::vector<int64_t>{-5, 1, 1, 2, 3}));
  EXPECT_EQ(sort(Items{std::vector<Slot>{}}.any()).integers().size(), 0u);
  Call words("lists_sort");
  words.of(kText);
  const Items unsorted{"b"sv, "B"sv, ""sv, "ba"sv};
  EXPECT_EQ(words(unsorted.any()).texts(), (std::vector<std::string>{"", "B", "b", "ba"}));
  const Items floats{std::vector<Slot>{slot_f64(__builtin_nan("")), slot_f64(1), slot_f64(-0.0), slot_f64(0.0)}};
  Call numbers("lists_distinct");
  const std::vector<int64_t> kept = numbers.of(float_type())(floats.any()).integers();
  ASSERT_EQ(kept.size(), 3u);  // NaN, 1 and one zero
  EXPECT_EQ(kept[2], slot_f64(-0.0).i64);
  EXPECT_EQ(Call("lists_distinct").of(kInt)(Items{2, 1, 2, 1, 3}.any()).integers(), (std::vector<int64_t>{2, 1, 3}));
  EXPECT_EQ(Call("lists_reverse_list").of(kInt)(Items{1, 2, 3}.any()).integers(), (std::vector<int64_t>{3, 2, 1}));
  const Items holes = optional_items({2, std::nullopt, 1});
  Call nulls("lists_sort");
  nulls.of(optional_type(kInt))(holes.any(2));
  EXPECT_EQ(nulls.raw()->list.items[1].i64, 1);
  EXPECT_EQ(nulls.raw()->list.items[4].u8, 0);
}

TEST(Lists, Fold) {
  EXPECT_EQ(Call("lists_list_min").of(kInt)(Items{3, 1, 2}.any()).as<MaybeInt>(), 1);
  EXPECT_EQ(Call("lists_list_max").of(kInt)(Items{3, 1, 2}.any()).as<MaybeInt>(), 3);
  EXPECT_EQ(Call("lists_list_max").of(kInt)(Items{std::vector<Slot>{}}.any()).as<MaybeInt>(), std::nullopt);
}

TEST(Folds, SumAndAverageExactly) {
  const Items none{std::vector<Slot>{}};
  EXPECT_EQ(Call("folds_sum_int")(Items{3, 1, 2}.of<int64_t>()).as<int64_t>(), 6);
  EXPECT_EQ(Call("folds_sum_int")(none.of<int64_t>()).as<int64_t>(), 0);
  const Items cancels{std::vector<Slot>{slot_i64(INT64_MAX), slot_i64(INT64_MAX), slot_i64(INT64_MIN)}};
  EXPECT_EQ(Call("folds_sum_int")(cancels.of<int64_t>()).as<int64_t>(), INT64_MAX - 1);
  const Items large{std::vector<Slot>{slot_i64(INT64_MAX), slot_i64(1)}};
  EXPECT_EQ(Call("folds_sum_int")(large.of<int64_t>()).code(), 6101u);

  Call decimals("folds_sum_decimal");
  decimals.of(decimal_type(12, 2)).result_scale(2);
  EXPECT_TRUE(decimals(Items{150, 225, -400}.any()).as<Decimal>().unscaled == -25);
  EXPECT_TRUE(decimals(none.any()).as<Decimal>().unscaled == 0);
  const int128 most = power_of_ten(38) - 1;
  decimals.of(decimal_type(38, 2));
  EXPECT_EQ(decimals(Items{std::vector<Slot>{slot_i128(most), slot_i128(1)}}.any()).code(), 6101u);
  const Items there_and_back{std::vector<Slot>{slot_i128(most), slot_i128(most), slot_i128(-most), slot_i128(-1)}};
  EXPECT_TRUE(decimals(there_and_back.any()).as<Decimal>().unscaled == most - 1);

  const Items floats{std::vector<Slot>{slot_f64(1e300), slot_f64(1), slot_f64(-1e300)}};
  EXPECT_EQ(Call("folds_sum_float")(floats.of<double>()).as<double>(), 1.0);
  EXPECT_EQ(Call("folds_avg_float")(floats.of<double>()).as<std::optional<double>>(), 1.0 / 3);
  EXPECT_EQ(Call("folds_avg_float")(none.of<double>()).as<std::optional<double>>(), std::nullopt);

  Call mean("folds_avg_int");
  mean.result_scale(6);
  EXPECT_TRUE(mean(Items{1, 2}.of<int64_t>()).as<std::optional<Decimal>>()->unscaled == 1'500'000);
  EXPECT_FALSE(mean(none.of<int64_t>()).as<std::optional<Decimal>>().has_value());
  Call decimal_mean("folds_avg_decimal");
  decimal_mean.of(decimal_type(12, 2)).result_scale(8);
  EXPECT_TRUE(decimal_mean(Items{100, 100, 200}.any()).as<std::optional<Decimal>>()->unscaled == 133'333'333);
  // A mean lies between its extremes: it fits, whatever their sum is.
  const auto wide_mean = [&](int scale, int result_scale, std::vector<Slot> slots) {
    decimal_mean.of(decimal_type(38, scale)).result_scale(result_scale);
    return decimal_mean(Items{std::move(slots)}.any()).as<std::optional<Decimal>>()->unscaled;
  };
  EXPECT_TRUE(wide_mean(2, 2, {slot_i128(most)}) == most);
  EXPECT_TRUE(wide_mean(0, 0, {slot_i128(-most), slot_i128(-most), slot_i128(-most)}) == -most);
  EXPECT_TRUE(wide_mean(0, 0, {slot_i128(most), slot_i128(most - 1)}) == most - 1);   // half to even
  EXPECT_TRUE(wide_mean(0, 0, {slot_i128(-most), slot_i128(1 - most)}) == 1 - most);  // half to even
  EXPECT_TRUE(wide_mean(0, 0, {slot_i128(most), slot_i128(-most), slot_i128(1)}) == 0);
  EXPECT_TRUE(wide_mean(0, 6, {slot_i128(-1), slot_i128(0), slot_i128(0)}) == -333'333);
  EXPECT_TRUE(wide_mean(0, 6, {slot_i128(-1), slot_i128(-1), slot_i128(0)}) == -666'667);
  EXPECT_TRUE(wide_mean(0, 4, {slot_i128(7)}) == 70'000);
}

TEST(Values, CompareValuesOfAnyType) {
  const Slot one = slot_i64(1), two = slot_i64(2), three = slot_i64(3);
  const auto any = [](const Slot& slot) { return AnyValue{&slot, {}}; };
  EXPECT_EQ(Call("values_least").of(kInt)(any(two), any(one)).as<int64_t>(), 1);
  EXPECT_EQ(Call("values_greatest").of(kInt)(any(two), any(one)).as<int64_t>(), 2);
  EXPECT_EQ(Call("values_clamp").of(kInt)(any(one), any(two), any(three)).as<int64_t>(), 2);
  EXPECT_EQ(Call("values_clamp").of(kInt)(any(three), any(one), any(two)).as<int64_t>(), 2);
  EXPECT_EQ(Call("values_null_if").of(kInt)(any(one), any(two)).as<MaybeInt>(), 1);
  EXPECT_EQ(Call("values_null_if").of(kInt)(any(one), any(one)).as<MaybeInt>(), std::nullopt);
  const Slot nan = slot_f64(__builtin_nan("")), half = slot_f64(0.5);
  EXPECT_EQ(Call("values_least").of(float_type())(any(nan), any(half)).as<double>(), 0.5);
  EXPECT_EQ(Call("values_null_if").of(float_type())(any(nan), any(nan)).as<std::optional<double>>(), std::nullopt);
  const Slot null[] = {slot_u8(0), slot_i64(0)}, some[] = {slot_u8(1), slot_i64(4)};
  EXPECT_EQ(Call("values_least").of(optional_type(kInt))(AnyValue{null, {}}, AnyValue{some, {}}).as<MaybeInt>(), 4);
  EXPECT_EQ(Call("values_null_if").of(optional_type(kInt))(AnyValue{some, {}}, AnyValue{null, {}}).as<MaybeInt>(), 4);
}

}  // namespace
}  // namespace braid

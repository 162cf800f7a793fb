"""Types of columns without dictionaries; runs in the decoder's process."""

import pyarrow as pa


def without_dictionaries(type_: pa.DataType) -> pa.DataType:
    """Return a type whose values are not numbers of a dictionary, which each batch could change."""
    if pa.types.is_dictionary(type_):
        return without_dictionaries(type_.value_type)
    if pa.types.is_list(type_):
        return pa.list_(_field_without(type_.value_field))
    if pa.types.is_large_list(type_):
        return pa.large_list(_field_without(type_.value_field))
    if pa.types.is_fixed_size_list(type_):
        return pa.list_(_field_without(type_.value_field), type_.list_size)
    if pa.types.is_map(type_):
        return pa.map_(_field_without(type_.key_field), _field_without(type_.item_field))
    if pa.types.is_struct(type_):
        return pa.struct([_field_without(field) for field in type_])
    return type_


def _field_without(field: pa.Field) -> pa.Field:
    return field.with_type(without_dictionaries(field.type))

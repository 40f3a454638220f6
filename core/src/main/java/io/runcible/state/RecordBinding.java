package io.runcible.state;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Java records and their JSON, as Jackson's data binding has it: of texts, whole numbers, booleans,
 * enums, records, and lists, sets and maps of these.
 */
final class RecordBinding {
  /** The JVM makes them anew at each question. */
  private static final ClassValue<RecordComponent[]> COMPONENTS =
      new ClassValue<>() {
        @Override
        protected RecordComponent[] computeValue(Class<?> type) {
          RecordComponent[] components = type.getRecordComponents();
          if (components == null) {
            throw new IllegalStateException(type + " is no part of a record");
          }
          for (RecordComponent component : components) {
            component.getAccessor().setAccessible(true);
          }
          return components;
        }
      };

  private RecordBinding() {}

  static void write(JsonGenerator json, @Nullable Object value) throws IOException {
    if (value == null) {
      json.writeNull();
    } else if (value instanceof String text) {
      json.writeString(text);
    } else if (value instanceof Boolean truth) {
      json.writeBoolean(truth);
    } else if (value instanceof Integer || value instanceof Long) {
      json.writeNumber(((Number) value).longValue());
    } else if (value instanceof Enum<?> constant) {
      json.writeString(constant.name());
    } else if (value instanceof Object[] array) {
      writeAll(json, Arrays.asList(array));
    } else if (value instanceof Collection<?> collection) {
      writeAll(json, collection);
    } else if (value instanceof Map<?, ?> map) {
      json.writeStartObject();
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        json.writeFieldName((String) entry.getKey());
        write(json, entry.getValue());
      }
      json.writeEndObject();
    } else {
      json.writeStartObject();
      for (RecordComponent component : COMPONENTS.get(value.getClass())) {
        json.writeFieldName(component.getName());
        write(json, valueOf(component, value));
      }
      json.writeEndObject();
    }
  }

  private static void writeAll(JsonGenerator json, Collection<?> values) throws IOException {
    json.writeStartArray();
    for (Object value : values) {
      write(json, value);
    }
    json.writeEndArray();
  }

  private static @Nullable Object valueOf(RecordComponent component, Object record) {
    try {
      return component.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Reads a value of a type. What a record has no field for is left out; what is not there is null,
   * 0 or false.
   *
   * @throws IllegalArgumentException if it is something else
   */
  static @Nullable Object read(@Nullable JsonNode json, Type type) {
    if (json == null || json.isNull()) {
      return absent(type);
    }
    if (type instanceof ParameterizedType generic) {
      return readAll(json, (Class<?>) generic.getRawType(), generic.getActualTypeArguments());
    }
    Class<?> plain = (Class<?>) type;
    if (plain == String.class && json.isTextual()) {
      return json.textValue();
    } else if ((plain == boolean.class || plain == Boolean.class) && json.isBoolean()) {
      return json.booleanValue();
    } else if ((plain == int.class || plain == Integer.class)
        && json.isIntegralNumber()
        && json.canConvertToInt()) {
      return json.intValue();
    } else if ((plain == long.class || plain == Long.class)
        && json.isIntegralNumber()
        && json.canConvertToLong()) {
      return json.longValue();
    } else if (plain.isEnum() && json.isTextual()) {
      return constant(plain, json.textValue());
    } else if (plain == String[].class && json.isArray()) {
      return collect(json, String.class, new ArrayList<>()).toArray(new String[0]);
    } else if (plain.isRecord() && json.isObject()) {
      return readRecord(json, plain);
    }
    throw mismatch(json, type);
  }

  private static @Nullable Object absent(Type type) {
    if (type == boolean.class) {
      return false;
    } else if (type == int.class) {
      return 0;
    }
    return type == long.class ? (Object) 0L : null;
  }

  private static Object readAll(JsonNode json, Class<?> type, Type[] of) {
    if (type == Map.class && json.isObject()) {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> entry : json.properties()) {
        map.put(entry.getKey(), read(entry.getValue(), of[1]));
      }
      return map;
    } else if (type == List.class && json.isArray()) {
      return collect(json, of[0], new ArrayList<>());
    } else if (type == Set.class && json.isArray()) {
      return collect(json, of[0], new LinkedHashSet<>());
    }
    throw mismatch(json, type);
  }

  private static Collection<@Nullable Object> collect(
      JsonNode json, Type type, Collection<@Nullable Object> into) {
    for (JsonNode element : json) {
      into.add(read(element, type));
    }
    return into;
  }

  private static Object constant(Class<?> type, String name) {
    for (Object constant : type.getEnumConstants()) {
      if (((Enum<?>) constant).name().equals(name)) {
        return constant;
      }
    }
    throw new IllegalArgumentException("there is no " + type.getSimpleName() + " of that name");
  }

  private static Object readRecord(JsonNode json, Class<?> type) {
    RecordComponent[] components = COMPONENTS.get(type);
    Class<?>[] types = new Class<?>[components.length];
    @Nullable Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      types[i] = components[i].getType();
      values[i] = read(json.get(components[i].getName()), components[i].getGenericType());
    }
    try {
      Constructor<?> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      throw new IllegalArgumentException("the record is not complete", e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static IllegalArgumentException mismatch(JsonNode json, Type type) {
    return new IllegalArgumentException(
        json.getNodeType() + " is where " + type.getTypeName() + " should be");
  }
}
